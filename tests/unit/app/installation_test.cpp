#include "app/installation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

const kube::ObjectKey kKey{"operator", "apiclient-operator"};

Json config_map(const std::string& id) {
  return {{"metadata", {{"namespace", "operator"}, {"name", "apiclient-operator"}}},
          {"data", {{"installation-id", id}}}};
}

class Installation : public ::testing::Test {
 protected:
  Result<std::string> ensure(const std::string& wanted = "") {
    return ensure_installation_id(kube_, "operator", wanted, {});
  }
  std::string stored() { return kube_.get(kube::kConfigMaps, kKey)["data"]["installation-id"]; }

  test::FakeKube kube_;
};

TEST_F(Installation, IsMadeAtRandomAndKept) {
  const auto id = ensure();
  ASSERT_THAT(id, test::is_ok());
  EXPECT_THAT(*id, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(stored(), *id);
  kube_.clear_writes();
  EXPECT_EQ(ensure().value(), *id);
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(Installation, IsTheOneAskedFor) {
  EXPECT_EQ(ensure("prod-1").value(), "prod-1");
  EXPECT_EQ(stored(), "prod-1");
  EXPECT_EQ(ensure().value(), "prod-1");
}

TEST_F(Installation, IsRead) {
  kube_.put(kube::kConfigMaps, config_map("prod-1"));
  EXPECT_EQ(ensure().value(), "prod-1");
  EXPECT_EQ(ensure("prod-1").value(), "prod-1");
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(Installation, OfAnotherNameIsAnError) {
  kube_.put(kube::kConfigMaps, config_map("prod-1"));
  EXPECT_THAT(ensure("prod-2"), test::has_error_text(ErrorKind::invalid, HasSubstr("prod-1")));
  EXPECT_EQ(stored(), "prod-1");
}

TEST_F(Installation, WithoutAnIdIsAnError) {
  kube_.put(kube::kConfigMaps, config_map(""));
  EXPECT_THAT(ensure(), test::has_error_text(ErrorKind::invalid, HasSubstr("data.installation-id")));
}

TEST_F(Installation, OfTwoReplicasThatStartAtOnceIsOne) {
  kube_.on_write([&](const auto&) { kube_.put(kube::kConfigMaps, config_map("the-other-was-faster")); });
  EXPECT_EQ(ensure().value(), "the-other-was-faster");
}

TEST_F(Installation, OfTwoReplicasWithDifferentWishesIsAnErrorForTheSlower) {
  kube_.on_write([&](const auto&) { kube_.put(kube::kConfigMaps, config_map("prod-1")); });
  EXPECT_THAT(ensure("prod-2"), test::has_error(ErrorKind::invalid));
}

TEST_F(Installation, ALostReplyIsReadOnTheNextStart) {
  kube_.lose_reply_next(test::Verb::create, "configmaps");
  EXPECT_THAT(ensure(), test::has_error(ErrorKind::unavailable));
  const std::string made = stored();
  EXPECT_EQ(ensure().value(), made);
}

TEST_F(Installation, IsNotMadeWhenTheReadFails) {
  kube_.fail_next(test::Verb::find, "configmaps", {.kind = ErrorKind::forbidden, .message = "no"});
  EXPECT_THAT(ensure(), test::has_error(ErrorKind::forbidden));
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

}  // namespace
}  // namespace apiclient::app
