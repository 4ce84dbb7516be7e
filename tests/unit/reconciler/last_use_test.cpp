#include "reconciler/last_use.h"

#include <gmock/gmock.h>

#include <optional>

#include "base/rfc3339.h"
#include "support/builders.h"
#include "support/matchers.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using Use = std::optional<WallTime>;

const WallTime kIssued{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 10h};
const WallTime kMidnight{std::chrono::sys_days(std::chrono::year(2026) / 3 / 2)};

/// Revision 2 is published, and revision 1 still works.
api::ApiClientStatus status_with(Use credential, Use previous) {
  return {.observed_generation = 1,
          .credential = api::CredentialStatus{.revision = 2, .id = "c2", .last_used_at = credential},
          .previous = api::PreviousStatus{.revision = 1, .id = "c1", .last_used_at = previous}};
}
std::vector<backend::Credential> told(Use credential, Use previous) {
  return {{.id = "c1", .revision = 1, .created_at = kIssued - 24h, .last_used_at = previous},
          {.id = "c2", .revision = 2, .created_at = kIssued, .last_used_at = credential}};
}

struct UseRow {
  std::string name;
  Use shown;
  Use shown_of_previous;
  Use told;
  Use told_of_previous;
  bool written_anyway;
  Use expected;
  Use expected_of_previous;
};
class LastUse : public ::testing::TestWithParam<UseRow> {};

TEST_P(LastUse, IsShown) {
  const UseRow& row = GetParam();
  const auto before = status_with(row.shown, row.shown_of_previous);
  auto after = status_with({}, {});
  if (row.written_anyway) after.observed_generation = 2;
  show_last_use(before, told(row.told, row.told_of_previous), after);
  EXPECT_EQ(after.credential->last_used_at, row.expected);
  EXPECT_EQ(after.previous->last_used_at, row.expected_of_previous);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LastUse,
    ::testing::Values(
        UseRow{"NotWhereTheRegistryCannotTell", {}, {}, {}, {}, true, {}, {}},
        UseRow{"NotOfTheVerification", {}, {}, kIssued + 59s, {}, true, {}, {}},
        UseRow{"FromTheFirstMinuteOn", {}, {}, kIssued + 60s, {}, false, kIssued + 60s, {}},
        UseRow{"NotTwiceADay", kIssued + 1h, {}, kMidnight - 1ms, {}, false, kIssued + 1h, {}},
        UseRow{"AgainOnTheNextDay", kMidnight - 1ms, {}, kMidnight, {}, false, kMidnight, {}},
        UseRow{"OfTheSameDayWhereAWriteHappensAnyway",
               kIssued + 1h,
               {},
               kIssued + 2h,
               {},
               true,
               kIssued + 2h,
               {}},
        UseRow{"OfThePreviousOneToo", {}, {}, {}, kIssued + 1h, false, {}, kIssued + 1h},
        UseRow{"OfBothInOneWrite", kMidnight - 1h, kMidnight - 2h, kMidnight + 1h, kMidnight - 1h, false,
               kMidnight + 1h, kMidnight - 1h},
        UseRow{"OfASecondOneOnTheSameDayIsNoNews",
               kIssued + 2h,
               {},
               kIssued + 2h,
               kIssued + 1h,
               false,
               kIssued + 2h,
               {}},
        UseRow{"AndIsNotTakenBack", kMidnight, kMidnight, kIssued + 1h, {}, true, kMidnight, kMidnight}),
    test::RowName());

TEST(LastUseOfARotatedSecret, MovesWithItsRevision) {
  api::ApiClientStatus before{.credential =
                                  api::CredentialStatus{.revision = 1, .id = "c1", .last_used_at = kIssued}};
  auto after = status_with({}, {});
  show_last_use(before, told({}, {}), after);
  EXPECT_EQ(after.credential->last_used_at, std::nullopt);
  EXPECT_EQ(after.previous->last_used_at, kIssued);
}

TEST(LastUseWithoutASecret, IsNothing) {
  api::ApiClientStatus after{.observed_generation = 2};
  show_last_use({}, {}, after);
  EXPECT_EQ(api::write_status(after), api::write_status(api::ApiClientStatus{.observed_generation = 2}));
}

// Whole passes

class LastUsePass : public Reconcile {
 protected:
  void used_at(WallTime time) {
    test::FakeClient client = *world_.backend.client(test::kClientId);
    client.registered.credentials.at(0).last_used_at = time;
    world_.backend.put(std::move(client));
  }
  WallTime issued_at() {
    return *world_.backend.client(test::kClientId)->registered.credentials.at(0).created_at;
  }
  void look_again() {
    world_.clock.advance(1h);
    ASSERT_TRUE(world_.settle());
    ASSERT_TRUE(world_.settle());
  }
};

TEST_F(LastUsePass, CostsOneWriteOfTheStatusADay) {
  issue();
  used_at(issued_at() + 24h);
  look_again();
  EXPECT_THAT(writes(), ::testing::ElementsAre("replace_status apiclients"));
  EXPECT_EQ(world_.client()["status"]["credential"]["lastUsedAt"], format_rfc3339(issued_at() + 24h));
  used_at(issued_at() + 44h);
  look_again();
  EXPECT_THAT(writes(), ::testing::SizeIs(1)) << "the same day";
  used_at(issued_at() + 48h);
  look_again();
  EXPECT_THAT(writes(), ::testing::SizeIs(2));
  EXPECT_EQ(world_.client()["status"]["credential"]["lastUsedAt"], format_rfc3339(issued_at() + 48h));
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
}

}  // namespace
}  // namespace apiclient::reconciler
