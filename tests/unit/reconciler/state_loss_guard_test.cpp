#include "reconciler/state_loss_guard.h"

#include <gmock/gmock.h>

#include <string>

#include "backend/request_governor.h"
#include "support/builders.h"
#include "support/fake_backend.h"
#include "support/fake_clock.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using test::BackendOperation;
using ::testing::HasSubstr;

class StateLossGuardTest : public ::testing::Test {
 protected:
  /// Issued and pinned; in the registry too unless `absent`.
  void add(int from, int to, bool absent = false) {
    for (int number = from; number < to; ++number) {
      const std::string id = id_of(number);
      clients_.put(std::make_shared<api::ApiClientSummary>(api::ApiClientSummary{
          .key = {"team-a", id}, .revision = 1, .pinned_registry = "default", .client_id = id}));
      if (!absent) register_client(id);
    }
  }
  void register_client(const std::string& id) {
    backend_.put({.registered = {.settings = {.client_id = id},
                                 .mark = backend::OwnershipMark{.installation_id = test::kInstallation}}});
  }
  static std::string id_of(int number) { return "client-" + std::to_string(number); }

  Result<void> check(const std::string& id) {
    api::ApiClient client = test::an_api_client().issued().object();
    return guard_.check_absent(registry_, client, id, {});
  }
  int lists() { return backend_.count(BackendOperation::list); }

  test::LogCapture logs_;
  test::FakeClock clock_;
  test::FakeBackend backend_;
  runtime::Store<api::ApiClientSummary> clients_;
  RegistrySnapshot registry_ = test::a_registry().snapshot(std::make_shared<test::FakeConnection>(backend_));
  StateLossGuard guard_{{.clients = clients_, .clock = clock_, .installation_id = test::kInstallation}};
};

auto is_lost() { return test::has_error_text(ErrorKind::unavailable, HasSubstr("accept-state-loss")); }

TEST_F(StateLossGuardTest, ASingleAbsentClientPasses) {
  add(0, 100);
  backend_.drop(id_of(7));
  EXPECT_THAT(check(id_of(7)), test::is_ok());
  EXPECT_FALSE(guard_.suspects("default"));
}

TEST_F(StateLossGuardTest, TheOnlyClientPassesWithoutAList) {
  add(0, 1, true);
  EXPECT_THAT(check(id_of(0)), test::is_ok());
  EXPECT_EQ(lists(), 0);
}

TEST_F(StateLossGuardTest, AnEmptiedRegistryStopsAllOfThemWithOneList) {
  add(0, 1000, true);
  for (int number = 0; number < 1000; ++number) ASSERT_THAT(check(id_of(number)), is_lost());
  EXPECT_EQ(lists(), 1);
  EXPECT_TRUE(guard_.suspects("default"));
  EXPECT_THAT(logs_.text(), HasSubstr("registry has lost clients"));
}

TEST_F(StateLossGuardTest, AfterAMinuteItIsCountedAgain) {
  add(0, 20, true);
  ASSERT_THAT(check(id_of(0)), is_lost());
  for (int number = 0; number < 20; ++number) register_client(id_of(number));
  backend_.drop(id_of(0));
  clock_.advance(59s);
  EXPECT_THAT(check(id_of(0)), is_lost());
  clock_.advance(1s);
  EXPECT_THAT(check(id_of(0)), test::is_ok());
  EXPECT_FALSE(guard_.suspects("default"));
  EXPECT_EQ(lists(), 2);
}

TEST_F(StateLossGuardTest, AListThatIsProvenWrongIsMadeAgain) {
  add(0, 20);
  backend_.drop(id_of(0));
  ASSERT_THAT(check(id_of(0)), test::is_ok());
  backend_.drop_all();
  const auto at_once = check(id_of(1));
  ASSERT_THAT(at_once, test::has_error(ErrorKind::throttled)) << "never on the word of an old list";
  EXPECT_EQ(at_once.error().code, backend::kRateLimited);
  EXPECT_EQ(at_once.error().retry_after, 5s);
  clock_.advance(5s);
  EXPECT_THAT(check(id_of(1)), is_lost());
  EXPECT_EQ(lists(), 2);
}

TEST_F(StateLossGuardTest, ClientsThatAreYoungerThanTheListAreNotMissed) {
  add(0, 20);
  backend_.drop(id_of(0));
  ASSERT_THAT(check(id_of(0)), test::is_ok());
  clock_.advance(30s);
  add(20, 60);
  EXPECT_THAT(check(id_of(0)), test::is_ok());
}

TEST_F(StateLossGuardTest, OthersClientsDoNotCount) {
  add(0, 3, true);
  for (int number = 0; number < 50; ++number) {
    backend_.put({.registered = {.settings = {.client_id = "theirs-" + std::to_string(number)},
                                 .mark = backend::OwnershipMark{.installation_id = "elsewhere"}}});
  }
  EXPECT_THAT(check(id_of(0)), is_lost());
}

TEST_F(StateLossGuardTest, ClientsOfOtherRegistriesUnissuedAndDyingOnesAreNotMissed) {
  add(0, 1, true);
  const auto put = [this](api::ApiClientSummary client) {
    clients_.put(std::make_shared<api::ApiClientSummary>(std::move(client)));
  };
  put({.key = {"a", "other"}, .revision = 1, .pinned_registry = "second", .client_id = "other"});
  put({.key = {"a", "begun"}, .pinned_registry = "default", .client_id = "begun"});
  put({.key = {"a", "dying"},
       .revision = 1,
       .pinned_registry = "default",
       .client_id = "dying",
       .deleting = true});
  EXPECT_THAT(check(id_of(0)), test::is_ok());
}

TEST_F(StateLossGuardTest, AnAcceptanceCoversWithoutAList) {
  add(0, 20, true);
  registry_.accepted_state_loss = {.token = "yes", .time = clock_.wall_now()};
  EXPECT_THAT(check(id_of(0)), test::is_ok());
  EXPECT_EQ(lists(), 0);
  registry_.accepted_state_loss.restored_time = clock_.wall_now();
  EXPECT_THAT(check(id_of(0)), is_lost()) << "the next loss is another one";
}

TEST_F(StateLossGuardTest, AListThatFailsStopsToo) {
  add(0, 20);
  backend_.fail_next(BackendOperation::list, {.kind = ErrorKind::timeout, .message = "10 s"});
  EXPECT_THAT(check(id_of(0)), test::has_error(ErrorKind::timeout));
}

class UnsearchableRegistry : public StateLossGuardTest {
 protected:
  UnsearchableRegistry() { registry_.info.capabilities.searchable_mark = false; }
  int look_ups() { return backend_.count(BackendOperation::find); }
};

TEST_F(UnsearchableRegistry, ASingleAbsentClientPassesAfterASample) {
  add(0, 100);
  backend_.drop(id_of(7));
  EXPECT_THAT(check(id_of(7)), test::is_ok());
  EXPECT_EQ(look_ups(), 20);
  EXPECT_EQ(lists(), 0);
}

TEST_F(UnsearchableRegistry, AnEmptiedOneIsSeenByASample) {
  add(0, 100, true);
  EXPECT_THAT(check(id_of(7)), is_lost());
  EXPECT_THAT(check(id_of(8)), is_lost());
  EXPECT_EQ(look_ups(), 20) << "one sample for all";
}

TEST_F(UnsearchableRegistry, WhatItWillNotTellAboutSaysNothing) {
  add(0, 3);
  backend_.drop(id_of(0));
  backend_.fail_next(BackendOperation::find, {.kind = ErrorKind::invalid, .message = "token refused"});
  EXPECT_THAT(check(id_of(0)), test::is_ok());
  clock_.advance(std::chrono::minutes(2));
  backend_.fail_next(BackendOperation::find, {.kind = ErrorKind::unavailable, .message = "away"});
  EXPECT_THAT(check(id_of(0)), test::has_error(ErrorKind::unavailable));
}

}  // namespace
}  // namespace apiclient::reconciler
