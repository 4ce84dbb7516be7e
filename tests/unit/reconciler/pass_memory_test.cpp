#include "reconciler/pass_memory.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

const kube::ObjectKey kKey{"team-a", "invoices"};
const kube::ObjectKey kOther{"team-a", "other"};

struct VersionRow {
  std::string name;
  std::string settled;
  std::string cached;
  bool is_settled;
};
class SettledVersion : public ::testing::TestWithParam<VersionRow> {};

TEST_P(SettledVersion, CoversItselfAndWhatCameBefore) {
  PassMemory memory;
  memory.succeeded(kKey, GetParam().settled, std::nullopt, {});
  EXPECT_EQ(memory.is_settled_version(kKey, GetParam().cached), GetParam().is_settled);
}

INSTANTIATE_TEST_SUITE_P(Versions, SettledVersion,
                         ::testing::Values(VersionRow{"Same", "12", "12", true},
                                           VersionRow{"Older", "12", "11", true},
                                           VersionRow{"OlderWithFewerDigits", "100", "99", true},
                                           VersionRow{"NewerWithMoreDigits", "99", "100", false},
                                           VersionRow{"Newer", "12", "13", false},
                                           VersionRow{"OpaqueSame", "x1", "x1", true},
                                           VersionRow{"OpaqueOther", "x2", "x1", false},
                                           VersionRow{"EmptySettled", "", "1", false}),
                         test::RowName());

TEST(PassMemory, KnowsNothingOfOthers) {
  PassMemory memory;
  memory.succeeded(kKey, "5", std::nullopt, {});
  EXPECT_FALSE(memory.is_settled_version(kOther, "5"));
  EXPECT_EQ(memory.doubt(kOther).doubt, Doubt::none);
}

TEST(PassMemory, ADoubtLastsUntilAPassThatBeganWithItSucceeds) {
  PassMemory memory;
  memory.request_check(kKey, Doubt::state);
  const RaisedDoubt doubt = memory.doubt(kKey);
  EXPECT_EQ(doubt.doubt, Doubt::state);
  memory.succeeded(kKey, "5", std::nullopt, doubt);
  EXPECT_EQ(memory.doubt(kKey).doubt, Doubt::none);
}

TEST(PassMemory, ADoubtRaisedDuringAPassSurvivesIt) {
  PassMemory memory;
  memory.request_check(kKey, Doubt::state);
  const RaisedDoubt doubt = memory.doubt(kKey);
  memory.request_check(kKey, Doubt::state);
  memory.succeeded(kKey, "5", std::nullopt, doubt);
  EXPECT_EQ(memory.doubt(kKey).doubt, Doubt::state);
}

TEST(PassMemory, TheStrongerDoubtStays) {
  PassMemory memory;
  memory.request_check(kKey, Doubt::secret);
  memory.request_check(kKey, Doubt::state);
  EXPECT_EQ(memory.doubt(kKey).doubt, Doubt::secret);
}

TEST(PassMemory, TheNextCheckIsSetOnceAndByEachSuccess) {
  PassMemory memory;
  const BootTime early(std::chrono::seconds(10));
  const BootTime late(std::chrono::seconds(20));
  EXPECT_EQ(memory.next_check(kKey, early), early);
  EXPECT_EQ(memory.next_check(kKey, late), early);
  memory.succeeded(kKey, "5", late, {});
  EXPECT_EQ(memory.next_check(kKey, early), late);
}

TEST(PassMemory, ForgetsOnDemand) {
  PassMemory memory;
  memory.succeeded(kKey, "5", std::nullopt, {});
  memory.request_check(kKey, Doubt::secret);
  memory.forget(kKey);
  EXPECT_FALSE(memory.is_settled_version(kKey, "5"));
  EXPECT_EQ(memory.doubt(kKey).doubt, Doubt::none);
}

}  // namespace
}  // namespace apiclient::reconciler
