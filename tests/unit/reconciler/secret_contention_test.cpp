// Somebody else writes into a published Secret again and again.
#include "base/encoding.h"
#include "reconciler/secret_repairs.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// As the API server would record it.
Json written_by(const std::string& manager, const std::string& value) {
  const Json entry = {{"manager", manager},
                      {"operation", "Update"},
                      {"fieldsV1", {{"f:data", {{"f:client-secret", Json::object()}}}}}};
  return {{"data", {{"client-secret", base64_encode(value)}}}, {"metadata", {{"managedFields", {entry}}}}};
}

TEST(SecretRepairs, AreContendedAtTheThirdWithinAnHour) {
  SecretRepairs repairs;
  const kube::ObjectKey key{"team-a", "one"};
  const BootTime begin{};
  EXPECT_FALSE(repairs.is_contended(key, begin));
  for (int minute = 0; minute < 3; ++minute) {
    EXPECT_FALSE(repairs.is_contended(key, begin + minute * 1min));
    repairs.repaired(key, begin + minute * 1min);
  }
  EXPECT_TRUE(repairs.is_contended(key, begin + 59min));
  EXPECT_FALSE(repairs.is_contended(key, begin + 60min)) << "the first is an hour old";
  EXPECT_FALSE(repairs.is_contended({"team-a", "two"}, begin + 3min));
  repairs.forget(key);
  EXPECT_FALSE(repairs.is_contended(key, begin + 3min));
}

TEST_F(Reconcile, ASecretInOtherHandsIsPutRightThreeTimesThenTheWriterIsNamed) {
  issue();
  for (std::int64_t repair = 1; repair <= 3; ++repair) {
    world_.patch_secret(written_by("helmfile", "garbage"));
    ASSERT_TRUE(world_.settle());
    EXPECT_NE(world_.published_value(), "garbage");
    expect_well(1 + repair);
  }
  world_.patch_secret(written_by("helmfile", "garbage"));
  world_.clear_records();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True SecretContended");
  EXPECT_THAT(world_.client()["status"]["conditions"].dump(), HasSubstr("helmfile"));
  EXPECT_EQ(world_.published_value(), "garbage") << "it is left as it is";
  EXPECT_THAT(world_.staged(), ::testing::IsEmpty());
}

TEST_F(Reconcile, AValueThatWasOverwrittenWhileNobodyWatchedIsReplaced) {
  issue();
  world_.patch_secret(written_by("kubectl-edit", "garbage"));
  world_.restart();
  ASSERT_TRUE(world_.settle());
  EXPECT_NE(world_.published_value(), "garbage");
  expect_well(2);
}

TEST_F(Reconcile, AWriterThatChangesNothingIsNoContention) {
  issue();
  for (int round = 0; round < 5; ++round) {
    world_.patch_secret(written_by("kubectl-edit", world_.published_value()));
    ASSERT_TRUE(world_.settle());
  }
  expect_well();
}

}  // namespace
}  // namespace apiclient::reconciler
