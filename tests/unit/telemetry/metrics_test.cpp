#include "telemetry/metrics.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace apiclient::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, HaveTheNamesThatDashboardsKnow) {
  Metrics metrics;
  metrics.reconciled("apiclient", "success", 7ms);
  metrics.reconciled("apiclient", "success", 20s);
  metrics.reconciled("apiclient", "error", 1ms);
  metrics.reconcile_panicked("apiclient");
  metrics.reconcile_started("apiclient", 2s);
  metrics.reconcile_started("apiclient", 2ms);
  metrics.reconcile_ended("apiclient", 7ms);
  metrics.queue("apiclient", 12, 40);
  metrics.queue("apiclient", 12, 43);
  metrics.retried("apiclient");
  metrics.api_request("GET", "200");
  metrics.api_request_took("GET", 30ms);
  metrics.backend_request("default", "create", "conflict", 300ms);
  metrics.rotated("Lost");
  metrics.rotation_refused();
  metrics.event("written");
  metrics.client_abandoned("default");
  metrics.orphaned_clients("default", 2);
  metrics.orphaned_secrets(3);
  metrics.leading(true);
  const std::string text = metrics.text();
  for (
      const char* line :
      {R"(controller_runtime_reconcile_total{controller="apiclient",result="success"} 2)",
       R"(controller_runtime_reconcile_total{controller="apiclient",result="error"} 1)",
       R"(controller_runtime_reconcile_panics_total{controller="apiclient"} 1)",
       R"(controller_runtime_reconcile_time_seconds_count{controller="apiclient"} 3)",
       R"(controller_runtime_reconcile_time_seconds_bucket{controller="apiclient",le="0.01"} 2)",
       R"(controller_runtime_reconcile_errors_total{controller="apiclient"} 1)",
       R"(controller_runtime_active_workers{controller="apiclient"} 1)",
       R"(workqueue_depth{name="apiclient"} 12)",
       R"(workqueue_adds_total{name="apiclient"} 43)",
       R"(workqueue_retries_total{name="apiclient"} 1)",
       R"(workqueue_queue_duration_seconds_bucket{name="apiclient",le="0.005"} 1)",
       R"(workqueue_work_duration_seconds_count{name="apiclient"} 1)",
       R"(rest_client_request_duration_seconds_bucket{verb="GET",le="0.05"} 1)",
       R"(apiclient_backend_request_duration_seconds_bucket{operation="create",registry="default",le="0.25"} 0)",
       R"(apiclient_backend_request_duration_seconds_bucket{operation="create",registry="default",le="0.5"} 1)",
       R"(apiclient_rotations_total{reason="Lost",result="success"} 1)",
       R"(apiclient_rotations_total{reason="Requested",result="refused"} 1)",
       R"(apiclient_backend_requests_total{operation="create",registry="default",result="conflict"} 1)",
       R"(apiclient_events_total{outcome="written"} 1)",
       R"(apiclient_clients_abandoned_total{registry="default"} 1)",
       R"(apiclient_sweep_orphaned_clients{registry="default"} 2)",
       R"(apiclient_sweep_orphaned_secrets 3)",
       R"(leader_election_master_status{name="apiclient-operator"} 1)",
       "# TYPE controller_runtime_reconcile_total counter",
       "# TYPE controller_runtime_reconcile_time_seconds histogram"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, HasSubstr("rest_client_requests_total{"));
}

/// So that an alert on a rate sees the very first one.
TEST(Metrics, SeriesThatAreKnownBeforeAreThereAtZero) {
  Metrics metrics;
  metrics.controller_made("apiclient", 8);
  metrics.registry_made("default");
  const std::string text = metrics.text();
  for (const char* line : {R"(controller_runtime_reconcile_total{controller="apiclient",result="error"} 0)",
                           R"(controller_runtime_reconcile_errors_total{controller="apiclient"} 0)",
                           R"(controller_runtime_reconcile_panics_total{controller="apiclient"} 0)",
                           R"(controller_runtime_active_workers{controller="apiclient"} 0)",
                           R"(controller_runtime_max_concurrent_reconciles{controller="apiclient"} 8)",
                           R"(workqueue_retries_total{name="apiclient"} 0)",
                           R"(workqueue_queue_duration_seconds_count{name="apiclient"} 0)",
                           R"(apiclient_events_total{outcome="dropped"} 0)",
                           R"(apiclient_registrations_lost_total{registry="default"} 0)",
                           R"(apiclient_clients_abandoned_total{registry="default"} 0)",
                           R"(apiclient_rotations_total{reason="Scheduled",result="success"} 0)",
                           R"(apiclient_build_info{version=")" APICLIENT_VERSION R"("} 1)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, GaugesGoDownAgain) {
  Metrics metrics;
  metrics.leading(true);
  metrics.leading(false);
  metrics.queue("apiclient", 5, 5);
  metrics.queue("apiclient", 0, 5);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(leader_election_master_status{name="apiclient-operator"} 0)"));
  EXPECT_THAT(metrics.text(), HasSubstr(R"(workqueue_depth{name="apiclient"} 0)"));
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.backend_request("a\"b\nc\\d", "find", "success", 1ms);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(registry="a\"b\nc\\d")"));
}

TEST(Metrics, CountsOfManyThreadsAddUp) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 1000; ++j) metrics.api_request("GET", "200");
      });
    }
  }
  EXPECT_THAT(metrics.text(), HasSubstr("} 4000"));
}

}  // namespace
}  // namespace apiclient::telemetry
