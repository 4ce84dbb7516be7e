#include "reconciler/rollout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "support/matchers.h"

namespace apiclient::reconciler {

void PrintTo(Rollout rollout, std::ostream* out) { *out << static_cast<int>(rollout); }

namespace {

using api::WorkloadKind;

struct Row {
  std::string name;
  WorkloadKind kind;
  std::string change;  ///< RFC 7386 merge patch of a workload of three replicas that is rolled out
  Rollout rollout;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.change; }

/// As their controllers leave them, with the defaults that the API server fills in.
Json rolled_out(WorkloadKind kind) {
  Json workload{{"metadata", {{"name", "web"}, {"generation", 4}}}, {"spec", Json::object()}};
  Json& spec = workload["spec"];
  Json& status = workload["status"] = {{"observedGeneration", 4}};
  switch (kind) {
    case WorkloadKind::deployment:
      spec["replicas"] = 3;
      status.update(
          {{"replicas", 3}, {"updatedReplicas", 3}, {"readyReplicas", 3}, {"availableReplicas", 3}});
      status["conditions"] = {{{"type", "Available"}, {"reason", "MinimumReplicasAvailable"}},
                              {{"type", "Progressing"}, {"reason", "NewReplicaSetAvailable"}}};
      break;
    case WorkloadKind::stateful_set:
      spec["replicas"] = 3;
      spec["updateStrategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}};
      status.update({{"replicas", 3}, {"updatedReplicas", 3}, {"readyReplicas", 3}});
      break;
    case WorkloadKind::daemon_set:
      spec["updateStrategy"] = {{"type", "RollingUpdate"}};
      status.update({{"desiredNumberScheduled", 3}, {"updatedNumberScheduled", 3}, {"numberAvailable", 3}});
      break;
  }
  return workload;
}

class RolloutOf : public ::testing::TestWithParam<Row> {};

TEST_P(RolloutOf, SaysWhetherEveryPodIsNew) {
  Json workload = rolled_out(GetParam().kind);
  workload.merge_patch(Json::parse(GetParam().change));
  EXPECT_EQ(read_rollout(GetParam().kind, workload), GetParam().rollout);
}

Row deployment(const char* name, const char* change, Rollout rollout) {
  return {name, WorkloadKind::deployment, change, rollout};
}
Row stateful_set(const char* name, const char* change, Rollout rollout) {
  return {name, WorkloadKind::stateful_set, change, rollout};
}
Row daemon_set(const char* name, const char* change, Rollout rollout) {
  return {name, WorkloadKind::daemon_set, change, rollout};
}

constexpr const char* kDeadline =
    R"({"status": {"updatedReplicas": 1, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}})";

INSTANTIATE_TEST_SUITE_P(
    Deployments, RolloutOf,
    ::testing::Values(
        deployment("Done", "{}", Rollout::complete),
        deployment("ControllerHasNotSeenTheChange", R"({"metadata": {"generation": 5}})",
                   Rollout::progressing),
        deployment("ControllerIsAhead", R"({"status": {"observedGeneration": 5}})", Rollout::complete),
        deployment("NoStatusYet", R"({"status": null})", Rollout::progressing),
        deployment("NotAllUpdated", R"({"status": {"updatedReplicas": 2}})", Rollout::progressing),
        deployment("OldPodsAreLeft", R"({"status": {"replicas": 4}})", Rollout::progressing),
        deployment("NotAllAvailable", R"({"status": {"availableReplicas": 2}})", Rollout::progressing),
        deployment("ScaledDownMeanwhile", R"({"spec": {"replicas": 2}})", Rollout::complete),
        deployment("ReplicasAbsentMeansOne",
                   R"({"spec": {"replicas": null}, "status": {"replicas": null, "updatedReplicas": null,
                       "availableReplicas": null}})",
                   Rollout::progressing),
        deployment("NoReplicas",
                   R"({"spec": {"replicas": 0}, "status": {"replicas": null, "updatedReplicas": null,
                       "availableReplicas": null}})",
                   Rollout::complete),
        deployment("NoReplicasButAnOldPod",
                   R"({"spec": {"replicas": 0}, "status": {"replicas": 1, "updatedReplicas": 0,
                       "availableReplicas": 0}})",
                   Rollout::progressing),
        deployment("NoReplicasAndNotSeen", R"({"metadata": {"generation": 5}, "spec": {"replicas": 0}})",
                   Rollout::progressing),
        deployment("Paused", R"({"spec": {"paused": true}, "status": {"updatedReplicas": null}})",
                   Rollout::paused),
        deployment("PausedWhenAllWasDone", R"({"spec": {"paused": true}})", Rollout::complete),
        deployment("DeadlineExceeded", kDeadline, Rollout::deadline_exceeded),
        deployment("DeadlineOfAnEarlierTemplate",
                   R"({"metadata": {"generation": 5}, "status": {"conditions": [{"type": "Progressing",
                       "reason": "ProgressDeadlineExceeded"}]}})",
                   Rollout::progressing),
        deployment("ANumberThatIsNone", R"({"status": {"availableReplicas": "3"}})", Rollout::progressing)),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    StatefulSets, RolloutOf,
    ::testing::Values(
        stateful_set("Done", "{}", Rollout::complete),
        stateful_set("ControllerHasNotSeenTheChange", R"({"metadata": {"generation": 5}})",
                     Rollout::progressing),
        stateful_set("NeverSeen", R"({"status": {"observedGeneration": 0}})", Rollout::progressing),
        stateful_set("NotAllUpdated", R"({"status": {"updatedReplicas": 2}})", Rollout::progressing),
        stateful_set("NotAllReady", R"({"status": {"readyReplicas": 2}})", Rollout::progressing),
        stateful_set("PodsBelowThePartitionStay",
                     R"({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
                         "status": {"updatedReplicas": 1}})",
                     Rollout::partitioned),
        stateful_set("PartitionThatKeepsNothingBackAnyMore",
                     R"({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}})",
                     Rollout::complete),
        stateful_set("OnDelete",
                     R"({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}},
                         "status": {"updatedReplicas": 1}})",
                     Rollout::on_delete),
        stateful_set("OnDeleteAndAllWereDeleted",
                     R"({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}})",
                     Rollout::complete),
        stateful_set("NoReplicas",
                     R"({"spec": {"replicas": 0}, "status": {"replicas": 0, "updatedReplicas": null,
                         "readyReplicas": null}})",
                     Rollout::complete)),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    DaemonSets, RolloutOf,
    ::testing::Values(
        daemon_set("Done", "{}", Rollout::complete),
        daemon_set("ControllerHasNotSeenTheChange", R"({"metadata": {"generation": 5}})",
                   Rollout::progressing),
        daemon_set("NotAllUpdated", R"({"status": {"updatedNumberScheduled": 2}})", Rollout::progressing),
        daemon_set("NotAllAvailable", R"({"status": {"numberAvailable": 2}})", Rollout::progressing),
        daemon_set("NoNodes",
                   R"({"status": {"desiredNumberScheduled": 0, "updatedNumberScheduled": null,
                       "numberAvailable": null}})",
                   Rollout::complete),
        daemon_set(
            "OnDelete",
            R"({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"updatedNumberScheduled": 1}})",
            Rollout::on_delete),
        daemon_set("OnDeleteAndAllWereDeleted", R"({"spec": {"updateStrategy": {"type": "OnDelete"}}})",
                   Rollout::complete)),
    test::RowName());

TEST(Hindrance, IsToldOnlyWhereAPersonHasToAct) {
  for (const Rollout rollout : {Rollout::complete, Rollout::progressing})
    EXPECT_EQ(hindrance_of(rollout), "");
  for (const Rollout rollout :
       {Rollout::paused, Rollout::partitioned, Rollout::on_delete, Rollout::deadline_exceeded}) {
    EXPECT_NE(hindrance_of(rollout), "");
  }
}

}  // namespace
}  // namespace apiclient::reconciler
