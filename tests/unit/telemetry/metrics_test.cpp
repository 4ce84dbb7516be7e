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
  metrics.queue_depth("apiclient", 12);
  metrics.api_request("GET", "200");
  metrics.backend_request("default", "create", "conflict");
  metrics.event("written");
  metrics.client_abandoned("default");
  metrics.orphaned_clients("default", 2);
  metrics.orphaned_secrets(3);
  metrics.leading(true);
  const std::string text = metrics.text();
  for (const char* line :
       {R"(controller_runtime_reconcile_total{controller="apiclient",result="success"} 2)",
        R"(controller_runtime_reconcile_total{controller="apiclient",result="error"} 1)",
        R"(controller_runtime_reconcile_panics_total{controller="apiclient"} 1)",
        R"(controller_runtime_reconcile_time_seconds_count{controller="apiclient"} 3)",
        R"(controller_runtime_reconcile_time_seconds_bucket{controller="apiclient",le="0.01"} 2)",
        R"(workqueue_depth{name="apiclient"} 12)",
        R"(apiclient_backend_requests_total{operation="create",registry="default",result="conflict"} 1)",
        R"(apiclient_events_total{outcome="written"} 1)",
        R"(apiclient_clients_abandoned_total{registry="default"} 1)",
        R"(apiclient_sweep_orphaned_clients{registry="default"} 2)", R"(apiclient_sweep_orphaned_secrets 3)",
        R"(leader_election_master_status{name="apiclient-operator"} 1)",
        "# TYPE controller_runtime_reconcile_total counter",
        "# TYPE controller_runtime_reconcile_time_seconds histogram"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, HasSubstr("rest_client_requests_total{"));
}

TEST(Metrics, GaugesGoDownAgain) {
  Metrics metrics;
  metrics.leading(true);
  metrics.leading(false);
  metrics.queue_depth("apiclient", 5);
  metrics.queue_depth("apiclient", 0);
  EXPECT_THAT(metrics.text(), HasSubstr(R"(leader_election_master_status{name="apiclient-operator"} 0)"));
  EXPECT_THAT(metrics.text(), HasSubstr(R"(workqueue_depth{name="apiclient"} 0)"));
}

TEST(Metrics, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.backend_request("a\"b\nc\\d", "find", "success");
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
