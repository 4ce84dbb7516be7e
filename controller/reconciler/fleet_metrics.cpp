#include "reconciler/fleet_metrics.h"

#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "reconciler/registry_users.h"
#include "telemetry/metric_text.h"

namespace apiclient::reconciler {
namespace {

using api::ApiClientSummary;
using telemetry::MetricText;
using telemetry::MetricType;

/// In the order in which they are told; each ApiClient is in one of them.
constexpr std::array<std::string_view, 4> kStates{"ready", "reconciling", "stalled", "deleting"};

std::string_view state_of(const ApiClientSummary& client) {
  if (client.deleting) return "deleting";
  if (client.stalled) return "stalled";
  return client.ready == kube::ConditionStatus::true_value ? "ready" : "reconciling";
}

double in_seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

/// The families that are told of ApiClients one by one.
class ClientFamilies {
 public:
  void add(const ApiClientSummary& client) {
    const std::string_view state = state_of(client);
    ++counts_[used_registry(client)][state];
    add_time(issued_, client, client.issued_at);
    add_time(next_rotation_, client, client.next_rotation);
    if (client.overlap_active) {
      add_time(overlap_started_, client, client.issued_at);
      add_time(overlap_ends_, client, client.overlap_ends);
    }
    if (state != "ready")
      not_ready_.add({{"namespace", client.key.namespace_name}, {"name", client.key.name}, {"state", state}},
                     1);
  }

  [[nodiscard]] std::string text() {
    MetricText clients("apiclient_clients", MetricType::gauge, "ApiClients by registry and state");
    for (const auto& [registry, counts] : counts_) {
      for (const std::string_view state : kStates) {
        const auto found = counts.find(state);
        clients.add({{"registry", registry}, {"state", state}}, found == counts.end() ? 0 : found->second);
      }
    }
    return clients.text() + issued_.text() + next_rotation_.text() + overlap_started_.text() +
           overlap_ends_.text() + not_ready_.text();
  }

 private:
  static void add_time(MetricText& family, const ApiClientSummary& client, std::optional<WallTime> time) {
    if (time)
      family.add({{"namespace", client.key.namespace_name}, {"name", client.key.name}}, in_seconds(*time));
  }

  std::map<std::string, std::map<std::string_view, int>> counts_;
  MetricText issued_{"apiclient_credential_issued_timestamp_seconds", MetricType::gauge,
                     "When the published secret was made"};
  MetricText next_rotation_{"apiclient_credential_next_rotation_timestamp_seconds", MetricType::gauge,
                            "When the schedule replaces it"};
  MetricText overlap_started_{"apiclient_overlap_started_timestamp_seconds", MetricType::gauge,
                              "Since when two secrets work"};
  MetricText overlap_ends_{"apiclient_overlap_end_timestamp_seconds", MetricType::gauge,
                           "When the older one of two secrets ends"};
  MetricText not_ready_{"apiclient_not_ready", MetricType::gauge,
                        "1 for each ApiClient that is being worked on, is stalled or goes"};
};

}  // namespace

std::string client_metrics(const runtime::Store<ApiClientSummary>& clients) {
  ClientFamilies families;
  clients.each([&](const ApiClientSummary& client) { families.add(client); });
  return families.text();
}

std::string registry_metrics(const RegistryDirectory& registries) {
  MetricText ready("apiclient_registry_ready", MetricType::gauge, "1 while the registry can be used");
  MetricText open("apiclient_registry_circuit_open", MetricType::gauge,
                  "1 while nothing but probes is sent to the registry");
  for (const auto& registry : registries.all()) {
    ready.add({{"registry", registry->name}}, registry->state == RegistryState::ready ? 1 : 0);
    const bool is_open = registry->connection && registry->connection->circuit_open();
    open.add({{"registry", registry->name}}, is_open ? 1 : 0);
  }
  return ready.text() + open.text();
}

}  // namespace apiclient::reconciler
