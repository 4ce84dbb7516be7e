#pragma once
// A cluster, a registry and one operator process in memory: the reconciler as it is wired in the product,
// over fakes. The caches follow the cluster before and after each pass, as the informers would make them.
// Logs are caught, not shown. Used by one thread.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/api_client_reconciler.h"
#include "support/audit_capture.h"
#include "support/builders.h"
#include "support/checkpoint_recorder.h"
#include "support/fake_backend.h"
#include "support/fake_clock.h"
#include "support/fake_event_sink.h"
#include "support/fake_kube.h"
#include "support/log_capture.h"

namespace apiclient::test {

class World {
 public:
  explicit World(const RegistryBuilder& registry = a_registry());
  ~World();

  FakeClock clock;
  std::chrono::nanoseconds clock_skew{0};  ///< local time minus the API server's
  FakeKube kube{clock};
  FakeBackend backend;
  CheckpointRecorder checkpoints;
  LogCapture logs;
  AuditCapture audit;
  FakeEventSink events;
  telemetry::Metrics metrics;

  // What people do
  void apply(const ApiClientBuilder& client);
  /// RFC 7386 merge patch of an_api_client().
  void patch_client(const Json& patch);
  void delete_client();
  void patch_secret(const Json& patch);
  void lose_secret();
  void label_namespace(const kube::StringMap& labels);
  void namespace_goes_since(std::chrono::minutes ago);

  // What the registry reconciler would say
  void registry_is(const RegistryBuilder& registry);
  void registry_fails(const std::string& reason, bool degraded = false);
  void registry_recovers();
  void registry_is_gone();
  /// There, but not probed yet, as after a start.
  void registry_awaits_its_probe();

  // The operator
  Result<runtime::Action> pass();
  Result<runtime::Action> pass(const kube::ObjectKey& key);
  /// The caches follow only this client: for worlds with many. May be called while another's pass is under
  /// way.
  Result<runtime::Action> pass_alone(const kube::ObjectKey& key);
  /// Passes, failed ones too, until one succeeds and wants nothing at once. False when that does not happen.
  bool settle();
  /// True when the pass was ended by a crash; a new process then takes over.
  bool crashes_at(const std::string& point);
  /// A new process: nothing is remembered, the caches are listed anew.
  void restart();

  /// What it keeps of dynamic registrations; a new process has its own.
  reconciler::RegistrationRecords& registrations();

  // What is seen
  [[nodiscard]] Json client() const;
  [[nodiscard]] Json secret() const;
  [[nodiscard]] std::vector<Json> staged() const;
  /// Decoded; empty when there is none.
  [[nodiscard]] std::string published_value() const;
  /// "True Issued"; "-" when there is no such condition.
  [[nodiscard]] std::string condition(std::string_view type) const;
  /// Registries that were to be probed since the last question.
  [[nodiscard]] std::vector<std::string> take_suspects();
  /// Forgets what was recorded of calls and writes.
  void clear_records();

 private:
  struct Process;
  void keep_to_capabilities();
  void sync();
  void sync_alone(const kube::ObjectKey& key);
  void sync_client(const Json& object);
  void sync_secret(const Json& object);
  void drop_what_is_gone();

  RegistryBuilder registry_;
  std::shared_ptr<FakeConnection> connection_;
  std::vector<std::string> suspects_;
  std::unique_ptr<Process> process_;
};

/// Planned rotations that may be under way at once.
inline constexpr std::size_t kRotationSlots = 4;
inline const kube::ObjectKey kClientKey{kNamespace, kName};
inline const kube::ObjectKey kSecretKey{kNamespace, kName};

}  // namespace apiclient::test
