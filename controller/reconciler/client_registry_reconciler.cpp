#include "reconciler/client_registry_reconciler.h"

#include <algorithm>

#include "api/conditions.h"
#include "api/names.h"
#include "api/registry_id.h"
#include "backend/request_governor.h"
#include "reconciler/registry_deletion.h"
#include "reconciler/registry_hosts.h"
#include "reconciler/status_writer.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using runtime::Action;
using std::chrono::milliseconds;

/// How often a registry that is well is looked at.
constexpr std::chrono::seconds kProbePeriod{60};

/// Where the Secrets are that it names.
std::string secrets_namespace(const kube::ObjectKey& registry, const std::string& operator_namespace) {
  return registry.namespace_name.empty() ? operator_namespace : registry.namespace_name;
}

/// Not by the message: it may change with every probe of one outage, and clients do not repeat it.
bool differs(const RegistrySnapshot& left, const RegistrySnapshot& right) {
  return left.state != right.state || left.reason != right.reason || left.degraded != right.degraded ||
         left.deleting != right.deleting || left.is_default != right.is_default || left.uid != right.uid ||
         !(left.info == right.info);
}

backend::RateLimit rate_limit_of(const api::RegistryRateLimit& spec) {
  backend::RateLimit limit{.requests_per_second = spec.requests_per_second, .burst = spec.burst};
  if (spec.max_in_flight > 0) limit.max_in_flight = static_cast<std::size_t>(spec.max_in_flight);
  return limit;
}

milliseconds until(WallTime then, WallTime now) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(then - now));
}

}  // namespace

ClientRegistryReconciler::ClientRegistryReconciler(Wiring wiring)
    : wiring_(std::move(wiring)),
      namespaced_hosts_(std::make_shared<const backend::HostList>(wiring_.namespaced_hosts)),
      credentials_(wiring_.client),
      orphaned_(wiring_.client, wiring_.operator_namespace) {}

Result<Action> ClientRegistryReconciler::reconcile(const kube::ObjectKey& key, std::stop_token stop) {
  if (!exists(key)) {
    forget(key.text());
    return Action::await_change();
  }
  // Live: a cache that lags behind our last status would hide that the next one differs from it.
  ASSIGN_OR_RETURN(const std::optional<Json> object, wiring_.client.find(api::registry_type(key), key, stop));
  if (!object) return Action::await_change();
  ASSIGN_OR_RETURN(api::ClientRegistry registry, api::read_client_registry(*object));
  const Json status_as_read = api::write_status(registry.status);
  ASSIGN_OR_RETURN(const bool stays, tend_finalizer(registry, stop));
  if (!stays) return Action::await_change();
  accept_state_loss(registry);
  ASSIGN_OR_RETURN(const Probed probed, probe(registry, stop));
  return write_outcome(registry, status_as_read, probed, std::move(stop));
}

bool ClientRegistryReconciler::exists(const kube::ObjectKey& key) const {
  if (key.namespace_name.empty()) return wiring_.registries.find(key) != nullptr;
  return wiring_.namespaced_registries != nullptr && wiring_.namespaced_registries->find(key) != nullptr;
}

void ClientRegistryReconciler::forget(const std::string& id) {
  connections_.forget(id);
  wiring_.directory.remove(id);
  wiring_.state_loss.forget(id);
  wiring_.sweep.forget(id);
  // Also when it was never probed: clients may have waited for that.
  wiring_.changed({.registry = id});
}

std::shared_ptr<const backend::HostList> ClientRegistryReconciler::hosts_for(
    const api::ClientRegistry& registry) const {
  return registry.key.namespace_name.empty() ? nullptr : namespaced_hosts_;
}

std::optional<RegistryTrouble> ClientRegistryReconciler::check_spec(
    const api::ClientRegistry& registry) const {
  auto trouble = trouble_in(registry.spec);
  const auto hosts = hosts_for(registry);
  return trouble || !hosts ? trouble : check_hosts(registry.spec, *hosts);
}

Result<bool> ClientRegistryReconciler::tend_finalizer(api::ClientRegistry& registry, std::stop_token stop) {
  const std::size_t users = wiring_.users.count(registry.id());
  const FinalizerChange change = finalizer_change(registry, users);
  if (change == FinalizerChange::none) return true;
  std::vector<std::string> finalizers = registry.meta.finalizers;
  if (change == FinalizerChange::add) {
    finalizers.emplace_back(api::kInUseFinalizer);
  } else {
    std::erase(finalizers, api::kInUseFinalizer);
  }
  const bool goes = registry.meta.deleting();
  if (goes && users > 0) {
    RETURN_IF_ERROR(orphaned_.remember(registry.id(), registry.spec.issuer, stop));
    log_.warning("registry let go while it is in use: its clients stay in it",
                 {{"registry", registry.id()}, {"clients", users}});
  }
  const bool last = finalizers.empty();
  RETURN_IF_ERROR(write_finalizers(wiring_.client, api::registry_type(registry.key), registry.meta,
                                   std::move(finalizers), std::move(stop)));
  return !(goes && last);
}

void ClientRegistryReconciler::accept_state_loss(api::ClientRegistry& registry) {
  const std::string before = registry.status.accepted_state_loss.token;
  registry.status.accepted_state_loss =
      accept(registry.status.accepted_state_loss, registry.meta.annotation(api::kAcceptStateLossAnnotation),
             wiring_.clock.wall_now());
  if (registry.status.accepted_state_loss.token == before) return;
  log_.warning("loss of the registry's clients accepted", {{"registry", registry.id()}});
  connections_.make_due(registry.id());
}

Result<ClientRegistryReconciler::Probed> ClientRegistryReconciler::probe(api::ClientRegistry& registry,
                                                                         std::stop_token stop) {
  Probed probed{
      .trouble = check_spec(registry), .connection = connections_.last_of(registry.meta), .info = {}};
  if (probed.trouble) return probed;
  ASSIGN_OR_RETURN(
      auto credentials,
      credentials_.read(registry.spec, secrets_namespace(registry.key, wiring_.operator_namespace), stop));
  if (auto* trouble = std::get_if<Trouble>(&credentials)) {
    probed.trouble = std::move(*trouble);
    return probed;
  }
  auto connected = connect(registry, std::move(std::get<RegistryCredentials>(credentials)));
  if (auto* trouble = std::get_if<Trouble>(&connected)) {
    probed.trouble = std::move(*trouble);
    return probed;
  }
  probed.connection = std::get<Connection>(connected);
  RETURN_IF_ERROR(ask(registry, probed, std::move(stop)));
  return probed;
}

Result<void> ClientRegistryReconciler::ask(api::ClientRegistry& registry, Probed& probed,
                                           std::stop_token stop) {
  if (auto held = connections_.take_turn(registry.id(), wiring_.clock.now())) {
    probed.trouble = std::move(held->outcome.trouble);
    probed.info = std::move(held->outcome.info);
    probed.too_early_by = held->too_early_by;
    return {};
  }
  auto info = probed.connection->probe(stop);
  if (info) {
    probed.info = std::move(*info);
    RETURN_IF_ERROR(check_state(registry, probed, std::move(stop)));
  } else if (info.error().kind == ErrorKind::cancelled) {
    return failure_of(std::move(info));
  } else {
    probed.trouble = trouble_of(info.error());
  }
  note_outcome(registry, probed);
  return {};
}

Result<void> ClientRegistryReconciler::check_state(api::ClientRegistry& registry, Probed& probed,
                                                   std::stop_token stop) {
  const kube::Condition* ready = kube::find_condition(registry.status.conditions, api::kReady);
  api::AcceptedStateLoss& accepted = registry.status.accepted_state_loss;
  const std::string name = registry.id();
  const bool in_doubt = wiring_.state_loss.suspects(name) || accepted.is_open() ||
                        (ready != nullptr && ready->reason == reason::kStateLost);
  if (!in_doubt) return {};
  auto count = wiring_.state_loss.count(name, probed.connection->backend(),
                                        probed.info.capabilities.searchable_mark, stop);
  if (!count) {
    // Too early to count again: what was known still holds.
    if (count.error().code == backend::kRateLimited) return {};
    if (count.error().kind == ErrorKind::cancelled) return failure_of(std::move(count));
    probed.trouble = trouble_of(count.error());
  } else if (!is_state_lost(*count)) {
    if (accepted.is_open())
      accepted.restored_time = std::chrono::floor<std::chrono::seconds>(wiring_.clock.wall_now());
  } else if (!accepted.is_open()) {
    probed.trouble = waiting(reason::kStateLost, state_loss_message(*count));
  }
  return {};
}

void ClientRegistryReconciler::note_outcome(const api::ClientRegistry& registry, const Probed& probed) {
  const bool stalled = probed.trouble && probed.trouble->stalled;
  const milliseconds delay = probed.trouble ? probe_delay(registry.status.failure_count, *probed.trouble)
                                            : milliseconds(kProbePeriod);
  connections_.note(registry.id(), {.trouble = probed.trouble, .info = probed.info},
                    stalled ? BootTime::min() : wiring_.clock.now() + delay);
}

void ClientRegistryReconciler::suspect(const std::string& registry) { connections_.suspect(registry); }

std::variant<ClientRegistryReconciler::Connection, RegistryTrouble> ClientRegistryReconciler::connect(
    const api::ClientRegistry& registry, RegistryCredentials credentials) {
  RegistryConnections::Origin origin{.uid = registry.meta.uid,
                                     .generation = registry.meta.generation,
                                     .secret_version = credentials.version};
  if (auto known = connections_.made_from(registry.id(), origin)) return known;
  const api::ClientRegistrySpec& spec = registry.spec;
  auto made =
      wiring_.connect({.name = registry.id(),
                       .kind = *backend::read_registry_kind(spec.backend),
                       .admin_url = spec.admin_url.empty() ? spec.registration_endpoint : spec.admin_url,
                       .issuer = spec.issuer,
                       .token_url = spec.token_url,
                       .auth = std::move(credentials.auth),
                       .tls = std::move(credentials.tls),
                       .limit = rate_limit_of(spec.rate_limit),
                       .hosts = hosts_for(registry)});
  if (!made) {
    return trouble_of_connection(
        spec, made.error(),
        registry.key.namespace_name.empty() ? "the operator's namespace" : "its namespace");
  }
  Connection connection = std::move(*made);
  connections_.put(registry.id(), std::move(origin), connection);
  return connection;
}

std::string ClientRegistryReconciler::rival_of(const api::ClientRegistry& registry) const {
  std::string rival;
  if (!registry.is_default()) return rival;
  wiring_.registries.each([&](const api::ClientRegistry& other) {
    const bool rivals = other.is_default() && other.key != registry.key && !other.meta.deleting();
    if (rivals && (rival.empty() || other.key.name < rival)) rival = other.key.name;
  });
  return rival;
}

void ClientRegistryReconciler::publish(const api::ClientRegistry& registry, const Probed& probed,
                                       bool degraded) {
  auto snapshot = std::make_shared<RegistrySnapshot>();
  snapshot->name = registry.id();
  snapshot->uid = registry.meta.uid;
  snapshot->generation = registry.meta.generation;
  snapshot->is_default = registry.is_default();
  snapshot->deleting = registry.meta.deleting();
  snapshot->accepted_state_loss = registry.status.accepted_state_loss;
  snapshot->spec = registry.spec;
  snapshot->state = probed.trouble ? RegistryState::failed : RegistryState::ready;
  snapshot->degraded = degraded;
  if (probed.trouble) {
    snapshot->reason = probed.trouble->reason;
    snapshot->message = probed.trouble->message;
  }
  snapshot->info = probed.info;
  snapshot->connection = probed.connection;
  const auto before = wiring_.directory.put(snapshot);
  const bool spec_changed = before && before->generation != snapshot->generation;
  if (before && !spec_changed && !differs(*before, *snapshot)) return;
  if (probed.trouble) {
    log_.warning(
        "registry is not ready",
        {{"registry", snapshot->name}, {"reason", snapshot->reason}, {"message", snapshot->message}});
  } else {
    log_.info("registry is ready", {{"registry", snapshot->name}});
  }
  wiring_.changed({.registry = registry.id(), .spec_changed = spec_changed, .first = before == nullptr});
}

Result<Action> ClientRegistryReconciler::write_outcome(const api::ClientRegistry& registry,
                                                       const Json& status_as_read, const Probed& probed,
                                                       std::stop_token stop) {
  const WallTime now = wiring_.clock.wall_now();
  const WallTime degrades_at = trouble_began(registry.status, now) + registry.spec.degraded_after;
  const bool degraded = probed.trouble && now >= degrades_at;
  publish(registry, probed, degraded);
  kube::ObjectMeta meta = registry.meta;
  const api::ClientRegistryStatus status = summarise(registry, probed, now);
  RETURN_IF_ERROR(write_status_if_changed(wiring_.client, api::registry_type(registry.key), meta,
                                          status_as_read, api::write_status(status), std::move(stop)));
  wiring_.report.status_written(registry, status);
  if (!probed.trouble) return Action::requeue_after(probed.too_early_by.value_or(kProbePeriod));
  std::optional<milliseconds> next;
  if (!probed.trouble->stalled) {
    next = probed.too_early_by.value_or(probe_delay(registry.status.failure_count, *probed.trouble));
  }
  // The clients are told at that very time.
  if (!degraded) next = std::min(next.value_or(milliseconds::max()), until(degrades_at, now));
  return next ? Action::requeue_after(*next) : Action::await_change();
}

api::ClientRegistryStatus ClientRegistryReconciler::summarise(const api::ClientRegistry& registry,
                                                              const Probed& probed, WallTime now) const {
  const std::string rival = rival_of(registry);
  api::ClientRegistryStatus status;
  if (probed.too_early_by && probed.trouble) {
    status = registry.status;
  } else if (probed.trouble) {
    status = summarise_trouble(registry, *probed.trouble, now);
  } else {
    status = rival.empty() ? summarise_ready(registry, probed.info, now)
                           : summarise_ambiguous(registry, probed.info, rival, now);
  }
  note_orphans(registry, wiring_.sweep.orphans(registry.id(), registry.meta.uid), now, status);
  note_deletion(registry, wiring_.users.count(registry.id()), now, status);
  return status;
}

}  // namespace apiclient::reconciler
