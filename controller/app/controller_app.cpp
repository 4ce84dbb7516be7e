#include "app/controller_app.h"

#include <unistd.h>

#include <array>
#include <memory>
#include <set>
#include <tuple>

#include "api/api_client_summary.h"
#include "api/client_registry.h"
#include "api/names.h"
#include "api/registry_id.h"
#include "app/cluster_connection.h"
#include "app/elector_options.h"
#include "app/idle_memory.h"
#include "app/installation.h"
#include "app/metrics_access.h"
#include "app/probe_server.h"
#include "app/registry_token.h"
#include "app/signals.h"
#include "backend/registry_connection.h"
#include "base/core_dump.h"
#include "base/random.h"
#include "http/cpprest_transport.h"
#include "kube/cluster_config.h"
#include "reconciler/action_reporter.h"
#include "reconciler/api_client_reconciler.h"
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
using runtime::Change;
using runtime::Priority;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

runtime::EventRecorderOptions recorder_options(std::string identity) {
  return {.source = {.controller = "apiclient.dev/apiclient-operator", .instance = std::move(identity)}};
}

runtime::ReflectorOptions metadata_of(const kube::ResourceType& type, std::string label_selector = {}) {
  return {.type = type, .label_selector = std::move(label_selector), .content = kube::Content::metadata};
}

std::string selector(std::string_view label, std::string_view value) {
  return std::string(label) + "=" + std::string(value);
}

/// The same scope for each name, which stands in `member` of it.
std::vector<runtime::ReflectorOptions> one_for_each(const std::set<std::string>& names,
                                                    const runtime::ReflectorOptions& scope,
                                                    std::string runtime::ReflectorOptions::*member) {
  std::vector<runtime::ReflectorOptions> scopes;
  for (const std::string& name : names) scopes.emplace_back(scope).*member = name;
  return scopes;
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
    clients_.on_change([this](const auto& change) { client_changed(change); });
    registries_.on_change([this](const auto& change) { registry_object_changed(change); });
    if (namespaced_registries_) {
      namespaced_registries_->on_change([this](const auto& change) { registry_object_changed(change); });
    }
    secrets_.on_change([this](const auto& change) { secret_changed(change); });
    credentials_.on_change([this](const auto& change) { credentials_changed(change.key()); });
    namespaces_.on_change([this](const auto& change) {
      if (change.before && change.after && change.before->labels != change.after->labels) {
        add_clients_of_namespace(change.key().name);
      }
    });
  }

  void client_changed(const Change<api::ApiClientSummary>& change) {
    count_user(change.before ? reconciler::used_registry(*change.before) : "",
               change.after ? reconciler::used_registry(*change.after) : "");
    const Priority priority = change.initial ? Priority::resync : Priority::normal;
    if (change.before) claims_.remove(secret_of(*change.before), change.before->uid);
    if (change.after) {
      claims_.add(secret_of(*change.after), {change.after->created_at, change.after->uid}, change.key());
      if (client_writes_.take(change.key(), change.after->resource_version)) return;
    } else {
      // Whoever waited for the Secret's name may have it now.
      for (const kube::ObjectKey& key : claims_.claimants(secret_of(*change.before))) client_queue_.add(key);
    }
    client_queue_.add(change.key(), priority);
  }

  /// A registry is looked at when its first client comes and its last one goes, and when it waits to be
  /// deleted.
  void count_user(const std::string& from, const std::string& to) {
    if (from == to) return;
    users_.move(from, to);
    for (const std::string& id : {from, to}) {
      const auto registry = find_registry(id);
      if (!registry) continue;
      const bool in_use = users_.count(id) > 0;
      const bool as_marked = registry->meta.has_finalizer(api::kInUseFinalizer) == in_use;
      if (!as_marked || registry->meta.deleting()) look_at_registry(registry->key);
    }
  }

  [[nodiscard]] std::shared_ptr<const api::ClientRegistry> find_registry(const std::string& id) const {
    const kube::ObjectKey key = api::registry_key(id);
    if (key.namespace_name.empty()) return registries_.store().find(key);
    return namespaced_registries_ ? namespaced_registries_->store().find(key) : nullptr;
  }

  void look_at_registry(const kube::ObjectKey& key) {
    (key.namespace_name.empty() ? registry_queue_ : namespaced_registry_queue_).add(key);
  }

  void secret_changed(const Change<reconciler::SecretSummary>& change) {
    if (change.before && change.before->former) formers_.remove(change.before->owner_uid, change.key());
    if (change.after && change.after->former) formers_.add(change.after->owner_uid, change.key());
    if (change.initial || !change.before) return;
    if (change.after && secret_writes_.take(change.key(), change.after->resource_version)) return;
    if (!change.after) secret_writes_.forget(change.key());
    if (change.before->staged || change.before->registration) return;
    const kube::ObjectKey owner{.namespace_name = change.key().namespace_name,
                                .name = change.before->owner_name};
    memory_.request_check(owner, reconciler::Doubt::secret);
    client_queue_.add(owner);
  }

  void registry_object_changed(const Change<api::ClientRegistry>& change) {
    if (change.after) directory_.expect(change.after->id());
    const auto marks_of = [](const api::ClientRegistry& registry) {
      return std::tuple(registry.meta.generation, registry.meta.uid, registry.meta.deleting(),
                        registry.meta.annotation(api::kAcceptStateLossAnnotation));
    };
    const bool was_default = change.before && change.before->is_default();
    const bool is_default = change.after && change.after->is_default();
    if (was_default != is_default) add_default_registries();
    const bool same = change.before && change.after && was_default == is_default &&
                      marks_of(*change.before) == marks_of(*change.after);
    if (!same) look_at_registry(change.key());
  }

  /// Each says whether it is the only one.
  void add_default_registries() {
    registries_.store().each([this](const api::ClientRegistry& registry) {
      if (registry.is_default()) registry_queue_.add(registry.key);
    });
  }

  /// Of a cluster registry in the operator's namespace, of any other in its own.
  void credentials_changed(const kube::ObjectKey& secret) {
    const auto look_where_used = [&](const api::ClientRegistry& registry) {
      const std::string& own = registry.key.namespace_name;
      const bool in_reach = secret.namespace_name == (own.empty() ? namespace_ : own);
      if (in_reach && reconciler::secrets_of(registry.spec).contains(secret.name))
        look_at_registry(registry.key);
    };
    registries_.store().each(look_where_used);
    if (namespaced_registries_) namespaced_registries_->store().each(look_where_used);
  }

  void suspect_registry(const std::string& id) {
    registry_reconciler_.suspect(id);
    look_at_registry(api::registry_key(id));
  }

  void registry_changed(const reconciler::RegistryNews& news) {
    reconciler::tell_clients(news, clients_.store(), memory_,
                             [this](const kube::ObjectKey& client, std::chrono::milliseconds delay) {
                               client_queue_.add_after(client, delay, Priority::resync);
                             });
  }

  void add_clients_of_namespace(const std::string& name) {
    clients_.store().each([&](const api::ApiClientSummary& client) {
      if (client.key.namespace_name == name) client_queue_.add(client.key);
    });
  }

  static kube::ObjectKey secret_of(const api::ApiClientSummary& client) {
    return {.namespace_name = client.key.namespace_name, .name = client.secret_name};
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
  std::unique_ptr<runtime::Informer<api::ClientRegistry>> watch_namespaced_registries() {
    if (!options_.allow_namespaced_registries) return nullptr;
    return std::make_unique<runtime::Informer<api::ClientRegistry>>(
        *client_, watched({.type = api::kClientRegistries}), api::read_client_registry, clock_);
  }

  /// What there is of it in the namespaces that are looked after, and in `others`.
  [[nodiscard]] std::vector<runtime::ReflectorOptions> watched(
      const runtime::ReflectorOptions& objects, std::initializer_list<std::string> others = {}) const {
    if (options_.watch_namespaces.empty()) return {objects};
    std::set<std::string> names(others);
    names.insert(options_.watch_namespaces.begin(), options_.watch_namespaces.end());
    return one_for_each(names, objects, &runtime::ReflectorOptions::namespace_name);
  }

  [[nodiscard]] std::vector<runtime::ReflectorOptions> watched_namespaces() const {
    const runtime::ReflectorOptions all = metadata_of(kube::kNamespaces);
    if (options_.watch_namespaces.empty()) return {all};
    const std::set<std::string> names(options_.watch_namespaces.begin(), options_.watch_namespaces.end());
    return one_for_each(names, all, &runtime::ReflectorOptions::object_name);
  }

  /// Those of cluster registries are in the operator's namespace.
  [[nodiscard]] std::vector<runtime::ReflectorOptions> watched_credentials() const {
    runtime::ReflectorOptions usable =
        metadata_of(kube::kSecrets, selector(api::kUsableByLabel, api::kUsableByRegistry));
    if (namespaced_registries_) return watched(usable, {namespace_});
    usable.namespace_name = namespace_;
    return {usable};
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

  runtime::Informer<api::ApiClientSummary> clients_{*client_, watched({.type = api::kApiClients}),
                                                    api::read_api_client_summary, clock_};
  runtime::Informer<api::ClientRegistry> registries_{
      *client_,
      {.type = api::kClusterClientRegistries, .label_selector = options_.registry_selector},
      api::read_client_registry,
      clock_};
  std::unique_ptr<runtime::Informer<api::ClientRegistry>> namespaced_registries_ =
      watch_namespaced_registries();
  runtime::Informer<reconciler::SecretSummary> secrets_{
      *client_,
      watched(metadata_of(kube::kSecrets, selector(api::kManagedByLabel, api::kManagedBy)), {namespace_}),
      reconciler::read_secret_summary, clock_};
  runtime::Informer<ObjectMeta> credentials_{*client_, watched_credentials(), read_version, clock_};
  runtime::Informer<ObjectMeta> namespaces_{*client_, watched_namespaces(),
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
       .changed = [this](const reconciler::RegistryNews& news) { registry_changed(news); },
       .namespaced_registries = namespaced_registries_ ? &namespaced_registries_->store() : nullptr,
       .namespaced_hosts = namespaced_hosts_}};
  reconciler::Sweeper sweeper_{
      {.client = *client_,
       .clients = clients_.store(),
       .secrets = secrets_.store(),
       .registries = directory_,
       .findings = sweep_findings_,
       .clock = clock_,
       .metrics = metrics_,
       .report = report_,
       .operator_namespace = namespace_,
       .installation_id = installation_id_,
       .changed = [this](const std::string& id) { look_at_registry(api::registry_key(id)); }}};

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
