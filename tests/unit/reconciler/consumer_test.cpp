#include "reconciler/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

const kube::ObjectMeta kClient = test::an_api_client().object().meta;
const api::RestartTarget kTarget{.kind = api::WorkloadKind::deployment, .name = "web"};

TEST(RestartAnnotation, HasTheClientInItsNameAndTheUidInItsValue) {
  EXPECT_EQ(restart_annotation(kClient), "invoices.apiclient.dev/credential-revision");
  EXPECT_EQ(restart_value(kClient, 3), "3." + std::string(test::kUid));
}

struct Row {
  std::string name;
  std::string carried;
  bool carries_three;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.carried; }
class Carries : public ::testing::TestWithParam<Row> {};

TEST_P(Carries, TheRevisionOrALaterOneOfThisObject) {
  const Consumer consumer{.target = kTarget, .carried = GetParam().carried};
  EXPECT_EQ(consumer.carries(kClient, 3), GetParam().carries_three);
}

INSTANTIATE_TEST_SUITE_P(
    Values, Carries,
    ::testing::Values(Row{"Nothing", "", false}, Row{"ThisOne", "3." + std::string(test::kUid), true},
                      Row{"AnEarlierOne", "2." + std::string(test::kUid), false},
                      Row{"ALaterOne", "10." + std::string(test::kUid), true},
                      Row{"OfAnObjectThatIsGone", "7.another-uid", false}, Row{"NoUid", "3", false},
                      Row{"NoNumber", "." + std::string(test::kUid), false},
                      Row{"SomebodysWord", "soon", false},
                      Row{"MoreBehindTheUid", "3." + std::string(test::kUid) + "0", false},
                      Row{"ANumberBeyondAll", "99999999999999999999." + std::string(test::kUid), false}),
    test::RowName());

TEST(ReadConsumer, HasWhatARestartNeeds) {
  const Json workload{
      {"metadata", {{"name", "web"}, {"namespace", "team-a"}, {"uid", "w-1"}, {"generation", 1}}},
      {"spec",
       {{"replicas", 0},
        {"template", {{"metadata", {{"annotations", {{restart_annotation(kClient), "2.x"}}}}}}}}},
      {"status", {{"observedGeneration", 1}}}};
  const auto consumer = read_consumer(kTarget, kClient, workload);
  ASSERT_THAT(consumer, test::is_ok());
  EXPECT_EQ(consumer->target, kTarget);
  EXPECT_EQ(consumer->access, Access::found);
  EXPECT_EQ(consumer->uid, "w-1");
  EXPECT_EQ(consumer->carried, "2.x");
  EXPECT_EQ(consumer->rollout, Rollout::complete);
}

TEST(ReadConsumer, IsAbsentWhileItIsDeleted) {
  const Json workload{{"metadata", {{"name", "web"}, {"deletionTimestamp", "2026-05-01T10:00:00Z"}}}};
  EXPECT_EQ(read_consumer(kTarget, kClient, workload)->access, Access::absent);
}

TEST(ReadConsumer, OfAnotherClientsAnnotationCarriesNothing) {
  const Json annotations{{"reports.apiclient.dev/credential-revision", "9." + std::string(test::kUid)}};
  const Json workload{{"metadata", {{"name", "web"}}},
                      {"spec", {{"template", {{"metadata", {{"annotations", annotations}}}}}}}};
  EXPECT_FALSE(read_consumer(kTarget, kClient, workload)->carries(kClient, 1));
}

TEST(RestartPatch, ChangesOneAnnotationOfOneObject) {
  EXPECT_EQ(restart_patch({.uid = "w-1"}, kClient, 3),
            Json::parse(R"({"metadata": {"uid": "w-1"}, "spec": {"template": {"metadata": {"annotations": {
                              "invoices.apiclient.dev/credential-revision": "3.)" +
                        std::string(test::kUid) + R"("}}}}})"));
}

}  // namespace
}  // namespace apiclient::reconciler
