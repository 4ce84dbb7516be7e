#include "app/controller_app.h"

#include <unistd.h>

#include <array>
#include <memory>

#include "api/api_client_summary.h"
#include "api/client_registry.h"
#include "app/cluster_connection.h"
#include "app/elector_options.h"
#include "app/idle_memory.h"
#include "app/installation.h"
#include "app/metrics_access.h"
#include "app/probe_server.h"
#include "app/registry_creation.h"
#include "app/registry_token.h"
#include "app/signals.h"
#include "app/watch_scopes.h"
#include "backend/registry_connection.h"
#include "base/core_dump.h"
#include "base/random.h"
#include "http/cpprest_transport.h"
#include "kube/cluster_config.h"
#include "reconciler/action_reporter.h"
#include "reconciler/api_client_reconciler.h"
#include "reconciler/change_router.h"
#include "reconciler/client_registry_reconciler.h"
#include "reconciler/fleet_metrics.h"
#include "reconciler/registration_records.h"
#include "reconciler/sweeper.h"
#include "runtime/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/health.h"
#include "runtime/informer.h"
#include "runtime/leader_elector.h"
#include "runtime/manager.h"
#include "telemetry/audit.h"
#include "telemetry/log.h"

namespace apiclient::app {
namespace {

using kube::ObjectMeta;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

runtime::EventRecorderOptions recorder_options(std::string identity) {
  return {.source = {.controller = "apiclient.dev/apiclient-operator", .instance = std::move(identity)}};
}

/// Nothing that people could make large: anybody may give a Secret of theirs the label.
Result<ObjectMeta> read_version(const Json& object) {
  ASSIGN_OR_RETURN(ObjectMeta meta, kube::read_object_meta(object));
  return ObjectMeta{.key = std::move(meta.key), .resource_version = std::move(meta.resource_version)};
}

/// Owns all parts; members are in start order.
class ControllerApp {
 public:
  ControllerApp(Options options, std::string namespace_name, std::unique_ptr<ClusterConnection> cluster,
                std::string installation_id, backend::HostList namespaced_hosts, const Clock& clock,
                telemetry::Metrics& metrics)
      : options_(std::move(options)),
        namespace_(std::move(namespace_name)),
        installation_id_(std::move(installation_id)),
        namespaced_hosts_(std::move(namespaced_hosts)),
        clock_(clock),
        metrics_(metrics),
        cluster_(std::move(cluster)) {}

  Result<void> run(std::stop_token stop) {
    feed_queues();
    check_health();
    RETURN_IF_ERROR(open_servers());
    for (auto& server : servers_) manager_.add_always(*server);
    manager_.add_always(idle_memory_);
    manager_.add_cache(clients_, clients_);
    manager_.add_cache(registries_, registries_);
    if (namespaced_registries_) manager_.add_cache(*namespaced_registries_, *namespaced_registries_);
    manager_.add_cache(secrets_, secrets_);
    manager_.add_cache(credentials_, credentials_);
    manager_.add_cache(namespaces_, namespaces_);
    manager_.add_leading_helper(recorder_);
    manager_.add_leading(registry_controller_);
    if (namespaced_registries_) manager_.add_leading(namespaced_registry_controller_);
    manager_.add_leading(client_controller_);
    manager_.add_leading(sweeper_);
    if (!options_.registry_config_map.empty()) manager_.add_leading(registry_creation_);
    log_.info("starting", {{"version", APICLIENT_VERSION},
                           {"namespace", namespace_},
                           {"installation_id", installation_id_},
                           {"watch_namespaces", options_.watch_namespaces.size()},
                           {"leader_elect", options_.leader_elect},
                           {"namespaced_registries", options_.allow_namespaced_registries}});
    return manager_.run(std::move(stop));
  }

 private:
  [[nodiscard]] bool may_write() const { return !options_.leader_elect || elector_.may_write(); }

  void feed_queues() {
    clients_.on_change([this](const auto& change) { router_.client_changed(change); });
    registries_.on_change([this](const auto& change) { router_.registry_changed(change); });
    if (namespaced_registries_) {
      namespaced_registries_->on_change([this](const auto& change) { router_.registry_changed(change); });
    }
    secrets_.on_change([this](const auto& change) { router_.secret_changed(change); });
    credentials_.on_change([this](const auto& change) { router_.credentials_changed(change.key()); });
    namespaces_.on_change([this](const auto& change) { router_.namespace_changed(change); });
  }

  void suspect_registry(const std::string& id) {
    registry_reconciler_.suspect(id);
    router_.look_at_registry(id);
  }

  std::string metrics_text() {
    registry_controller_.report_queue();
    if (namespaced_registries_) namespaced_registry_controller_.report_queue();
    client_controller_.report_queue();
    // Those of the whole installation are told by the replica that works.
    return metrics_.text() + (may_write() ? reconciler::client_metrics(clients_.store()) +
                                                reconciler::registry_metrics(directory_)
                                          : "");
  }

  /// Null: the kind is not used, and its CRD need not be there.
  std::unique_ptr<runtime::Informer<api::ClientRegistry>> inform_of_namespaced_registries() {
    if (!options_.allow_namespaced_registries) return nullptr;
    return std::make_unique<runtime::Informer<api::ClientRegistry>>(
        *client_, watched_namespaced_registries(options_), api::read_client_registry, clock_);
  }

  /// Null likewise.
  [[nodiscard]] const runtime::Store<api::ClientRegistry>* namespaced_store() const {
    return namespaced_registries_ ? &namespaced_registries_->store() : nullptr;
  }

  void check_health() {
    health_.add("ping", [] { return true; });
    readiness_.add("caches", [this] { return manager_.caches_synced(); });
  }

  Result<void> open_servers() {
    auto metrics_route = text_route("/metrics", [this] { return metrics_text(); });
    if (options_.metrics_authorize) metrics_route = guarded_route(std::move(metrics_route), metrics_access_);
    ASSIGN_OR_RETURN(auto metrics, http::Server::bind({.address = options_.metrics_address,
                                                       .tls_cert_file = options_.metrics_tls_cert_file,
                                                       .tls_key_file = options_.metrics_tls_key_file,
                                                       .threads = 2},
                                                      {std::move(metrics_route)}));
    servers_.push_back(std::make_unique<ProbeServer>("metrics server", std::move(metrics)));
    const auto route = [](std::string path, const runtime::HealthChecks& checks) {
      return check_route(
          std::move(path), [&checks] { return checks.all_pass(); }, [&checks] { return checks.verbose(); });
    };
    ASSIGN_OR_RETURN(auto health,
                     http::Server::bind({.address = options_.health_address, .threads = 2},
                                        {route("/healthz", health_), route("/readyz", readiness_)}));
    servers_.push_back(std::make_unique<ProbeServer>("health server", std::move(health)));
    return {};
  }

  Options options_;
  std::string namespace_;
  std::string installation_id_;
  backend::HostList namespaced_hosts_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log log_;

  std::unique_ptr<ClusterConnection> cluster_;
  const std::string identity_ = host_name() + "_" + random_id();
  runtime::LeaderElector elector_{cluster_->lease_client(), elector_options(namespace_, identity_), clock_,
                                  metrics_};
  std::unique_ptr<kube::Client> client_ = cluster_->make_fenced_client([this] { return may_write(); });

  runtime::Informer<api::ApiClientSummary> clients_{*client_, watched_clients(options_),
                                                    api::read_api_client_summary, clock_};
  runtime::Informer<api::ClientRegistry> registries_{*client_, watched_cluster_registries(options_),
                                                     api::read_client_registry, clock_};
  std::unique_ptr<runtime::Informer<api::ClientRegistry>> namespaced_registries_ =
      inform_of_namespaced_registries();
  runtime::Informer<reconciler::SecretSummary> secrets_{*client_, watched_secrets(options_, namespace_),
                                                        reconciler::read_secret_summary, clock_};
  runtime::Informer<ObjectMeta> credentials_{*client_, watched_credentials(options_, namespace_),
                                             read_version, clock_};
  runtime::Informer<ObjectMeta> namespaces_{*client_, watched_namespaces(options_),
                                            [](const Json& object) { return kube::read_object_meta(object); },
                                            clock_};

  runtime::WorkQueue client_queue_{clock_};
  runtime::WorkQueue registry_queue_{clock_};
  /// One of their own, with workers of its own: what a namespace points at may be as slow as it likes.
  runtime::WorkQueue namespaced_registry_queue_{clock_};
  reconciler::SecretClaims claims_;
  reconciler::FormerSecrets formers_;
  reconciler::RegistryDirectory directory_{options_.allow_namespaced_registries};
  reconciler::RegistryUsers users_;
  reconciler::StateLossGuard state_loss_{
      {.clients = clients_.store(), .clock = clock_, .installation_id = installation_id_}};
  reconciler::RegistrationRecords registrations_{*client_, namespace_, installation_id_};
  reconciler::SweepFindings sweep_findings_;
  reconciler::PassMemory memory_;
  reconciler::OwnWrites client_writes_;
  reconciler::OwnWrites secret_writes_;
  reconciler::RotationSlots rotation_slots_{options_.max_scheduled_rotations};
  reconciler::ChangeRouter router_{{.clients = clients_.store(),
                                    .registries = registries_.store(),
                                    .namespaced_registries = namespaced_store(),
                                    .operator_namespace = namespace_,
                                    .claims = claims_,
                                    .formers = formers_,
                                    .users = users_,
                                    .directory = directory_,
                                    .memory = memory_,
                                    .client_writes = client_writes_,
                                    .secret_writes = secret_writes_,
                                    .client_queue = client_queue_,
                                    .registry_queue = registry_queue_,
                                    .namespaced_registry_queue = namespaced_registry_queue_}};

  runtime::EventRecorder recorder_{*client_, recorder_options(identity_), clock_, metrics_};
  reconciler::ActionReporter report_{
      {.events = recorder_, .metrics = metrics_, .installation_id = installation_id_}};

  reconciler::ApiClientReconciler client_reconciler_{
      {.client = *client_,
       .clients = clients_.store(),
       .secrets = secrets_.store(),
       .namespaces = namespaces_.store(),
       .claims = claims_,
       .formers = formers_,
       .registries = directory_,
       .state_loss = state_loss_,
       .registrations = registrations_,
       .memory = memory_,
       .client_writes = client_writes_,
       .secret_writes = secret_writes_,
       .slots = rotation_slots_,
       .clock = clock_,
       .report = report_,
       .operator_namespace = namespace_,
       .installation_id = installation_id_,
       .clock_skew = [this] { return cluster_->server_clock().skew(); },
       .suspect_registry = [this](const std::string& name) { suspect_registry(name); }}};
  reconciler::ClientRegistryReconciler registry_reconciler_{
      {.client = *client_,
       .registries = registries_.store(),
       .directory = directory_,
       .users = users_,
       .state_loss = state_loss_,
       .sweep = sweep_findings_,
       .clock = clock_,
       .report = report_,
       .operator_namespace = namespace_,
       .connect =
           [this](backend::ConnectionConfig config) {
             config.registrations = registrations_.of(config.name);
             return backend::make_registry_connection(
                 std::move(config), [this] { return may_write(); }, metrics_);
           },
       .changed = [this](const reconciler::RegistryNews& news) { router_.registry_has_news(news); },
       .namespaced_registries = namespaced_store(),
       .namespaced_hosts = namespaced_hosts_}};
  reconciler::Sweeper sweeper_{{.client = *client_,
                                .clients = clients_.store(),
                                .secrets = secrets_.store(),
                                .registries = directory_,
                                .findings = sweep_findings_,
                                .clock = clock_,
                                .metrics = metrics_,
                                .report = report_,
                                .operator_namespace = namespace_,
                                .installation_id = installation_id_,
                                .changed = [this](const std::string& id) { router_.look_at_registry(id); }}};

  RegistryCreation registry_creation_{*client_,
                                      {.namespace_name = namespace_, .name = options_.registry_config_map}};

  runtime::Controller registry_controller_{
      {.name = "clusterclientregistry", .workers = 2}, registry_queue_, registry_reconciler_, metrics_};
  runtime::Controller namespaced_registry_controller_{
      {.name = "clientregistry", .workers = 2}, namespaced_registry_queue_, registry_reconciler_, metrics_};
  runtime::Controller client_controller_{
      {.name = "apiclient", .workers = options_.workers}, client_queue_, client_reconciler_, metrics_};

  std::unique_ptr<kube::Client> asking_client_ = cluster_->make_asking_client();
  MetricsAccess metrics_access_{*asking_client_, clock_};
  runtime::HealthChecks health_;
  runtime::HealthChecks readiness_;
  std::vector<std::unique_ptr<ProbeServer>> servers_;
  IdleMemory idle_memory_;
  runtime::Manager manager_{{}, options_.leader_elect ? &elector_ : nullptr};
};

}  // namespace

Result<void> run_controller(const Options& options, std::stop_token stop) {
  RETURN_IF_ERROR(forbid_core_dumps());
  const SystemClock clock;
  telemetry::Metrics metrics;
  ASSIGN_OR_RETURN(kube::ClusterConfig config,
                   kube::load_cluster_config({.kubeconfig = options.kubeconfig, .context = options.context},
                                             kube::ClusterEnvironment::of_process(), clock));
  const std::string own = options.namespace_name.empty() ? config.default_namespace : options.namespace_name;
  if (own.empty())
    return fail(ErrorKind::invalid, "--namespace is needed: neither the context nor a Pod names one");
  ASSIGN_OR_RETURN(auto cluster, ClusterConnection::open(std::move(config), clock, metrics));
  ASSIGN_OR_RETURN(std::string id,
                   ensure_installation_id(cluster->lease_client(), own, options.installation_id, stop));
  if (!options.registry_token_secret.empty()) {
    RETURN_IF_ERROR(ensure_registry_token(cluster->lease_client(), own, options.registry_token_secret, stop));
  }
  ASSIGN_OR_RETURN(backend::HostList hosts, backend::HostList::parse(options.namespaced_registry_hosts));
  ControllerApp app(options, own, std::move(cluster), std::move(id), std::move(hosts), clock, metrics);
  return app.run(std::move(stop));
}

int controller_main(int argc, const char* const* argv) {
  const auto parsed = parse_options(argc, argv);
  if (const auto* exit = std::get_if<ExitNow>(&parsed)) return exit->code;
  const auto& options = std::get<Options>(parsed);
  telemetry::init_logging(options.log);
  telemetry::init_audit();
  const StopSignals signals;
  http::init_transport(4);
  const auto outcome = run_controller(options, signals.token());
  const telemetry::Log log;
  if (outcome || (signals.token().stop_requested() && outcome.error().kind == ErrorKind::cancelled)) {
    log.info("stopped");
    return 0;
  }
  log.error("ended", {{"error", outcome.error().message}});
  return 1;
}

}  // namespace apiclient::app
