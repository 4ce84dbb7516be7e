// Events as a real API server takes them.

#include "runtime/event_recorder.h"

#include <gmock/gmock.h>

#include <thread>

#include "controlplane/kube/cluster.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using runtime::EventRecorder;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class EventRecorderTest : public ClusterTest {
 protected:
  /// Records, and returns when all that can be written is written.
  void record(std::vector<kube::Event> events) {
    std::jthread thread([this](const std::stop_token& stop) { EXPECT_THAT(recorder_.run(stop), is_ok()); });
    for (kube::Event& event : events) recorder_.record(std::move(event));
    thread.request_stop();
  }
  kube::Event event(const std::string& note = "why") {
    return {.regarding = {.api_version = "v1",
                          .kind = "ConfigMap",
                          .key = key("thing"),
                          .uid = "0b0b7d5e-0000-4000-8000-000000000001"},
            .type = kube::EventType::warning,
            .reason = "Stuck",
            .action = "Try",
            .note = note};
  }
  std::vector<Json> stored(const std::string& in_namespace, const std::string& uid) {
    std::vector<Json> found;
    const auto keep = [&](Json&& item) -> Result<void> {
      if (item["regarding"]["uid"] == uid) found.push_back(std::move(item));
      return {};
    };
    EXPECT_THAT(
        client().list(kube::kEvents, {.namespace_name = in_namespace, .resource_version = ""}, keep, {}),
        is_ok());
    return found;
  }
  std::vector<Json> stored() { return stored(namespace_name(), event().regarding.uid); }
  void expect_counted(const std::string& outcome, int count) {
    EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_events_total{outcome=\"" + outcome + "\"} " +
                                           std::to_string(count) + "\n"));
  }

  SystemClock clock_;
  telemetry::Metrics metrics_;
  Identity identity_{admin_config()};
  EventRecorder recorder_{
      identity_.client(),
      {.source = {.controller = "apiclient.dev/apiclient-operator", .instance = std::string(200, 'i')},
       .grace = 20s},
      clock_,
      metrics_};
};

TEST_F(EventRecorderTest, AnEventIsAccepted) {
  record({event()});
  const auto found = stored();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0]["reportingController"], "apiclient.dev/apiclient-operator");
  EXPECT_EQ(found[0]["reportingInstance"], std::string(128, 'i'));
  EXPECT_EQ(found[0]["reason"], "Stuck");
  EXPECT_EQ(found[0]["type"], "Warning");
  EXPECT_EQ(found[0]["note"], "why");
  expect_counted("written", 1);
}

TEST_F(EventRecorderTest, ASeriesIsAccepted) {
  record({event(), event(), event(), event()});
  const auto found = stored();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0]["series"]["count"], 4);
  expect_counted("written", 3);
}

TEST_F(EventRecorderTest, WhatIsLongestIsAccepted) {
  kube::Event longest = event(std::string(2000, '\xFF'));
  longest.reason = longest.action = std::string(200, 'R');
  longest.regarding.key.name = std::string(253, 'n');
  record({longest});
  EXPECT_THAT(stored(), SizeIs(1));
  expect_counted("written", 1);
}

TEST_F(EventRecorderTest, AClusterScopedObjectHasItsEventInDefault) {
  kube::Event about = event();
  about.regarding = {
      .api_version = "v1", .kind = "Namespace", .key = {"", namespace_name()}, .uid = namespace_name()};
  record({about});
  EXPECT_THAT(stored("default", namespace_name()), SizeIs(1));
}

TEST_F(EventRecorderTest, ANamespaceThatIsGoneTakesNone) {
  kube::Event about = event();
  about.regarding.key.namespace_name = "was-never-there";
  record({about});
  expect_counted("dropped", 1);
}

TEST_F(EventRecorderTest, ANamespaceThatGoesTakesNone) {
  Json kept = config_map("kept");
  kept["metadata"]["finalizers"] = Json::array({"example.com/wait"});
  created(kube::kConfigMaps, kept);
  EXPECT_THAT(client().remove(kube::kNamespaces, {"", namespace_name()}, {}, {}), is_ok());
  record({event()});
  expect_counted("dropped", 1);
  EXPECT_THAT(client().merge_patch(kube::kConfigMaps, key("kept"), {{"metadata", {{"finalizers", nullptr}}}},
                                   kManager, {}),
              is_ok());
}

}  // namespace
}  // namespace apiclient::test
