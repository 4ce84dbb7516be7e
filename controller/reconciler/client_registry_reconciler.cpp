#include "reconciler/client_registry_reconciler.h"

#include "api/conditions.h"
#include "api/names.h"
#include "base/encoding.h"
#include "reconciler/registry_failure.h"
#include "reconciler/status_writer.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using runtime::Action;

/// How often a registry that is well is looked at.
constexpr std::chrono::seconds kProbePeriod{60};

RegistryTrouble stalled(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}
RegistryTrouble waiting(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message)};
}

std::optional<RegistryTrouble> check_supported(const api::ClientRegistrySpec& spec) {
  if (spec.backend != "embedded") {
    return stalled(
        reason::kUnsupported,
        "spec." + spec.backend + " is not supported by this version of the operator; use spec.embedded");
  }
  if (!spec.unsupported_fields.empty()) {
    return stalled(reason::kUnsupported, spec.unsupported_fields.front() +
                                             " is not supported by this version of the operator; remove it");
  }
  if (!spec.bearer) {
    return stalled(reason::kInvalidSpec,
                   "spec.auth.bearer is missing; name the Secret that holds the admin token");
  }
  return std::nullopt;
}

std::string version_of(const Json& secret) {
  const auto meta = kube::read_object_meta(secret);
  return meta ? meta->uid + "/" + meta->resource_version : "";
}

/// One key of a Secret, decoded; empty when missing, empty or not base64.
Secret read_key(const Json& secret, const std::string& key) {
  json::Problems problems;
  const json::Reader reader(secret, problems);
  auto bytes = base64_decode(reader.object("data").optional_text(key).value_or(""));
  if (!bytes) return {};
  // A token written by an editor or by `echo` ends with a line break, which is never part of it.
  while (bytes->ends_with('\n') || bytes->ends_with('\r')) bytes->pop_back();
  Secret value(*bytes);
  wipe(*bytes);
  return value;
}

RegistryTrouble trouble_of(const Error& error) {
  const bool ours = error.kind == ErrorKind::invalid && error.code != "issuer_mismatch";
  return {.reason = std::string(registry_reason(error)),
          .message = error.message,
          .stalled = ours,
          .retry_after = error.retry_after};
}

bool differs(const RegistrySnapshot& left, const RegistrySnapshot& right) {
  return left.state != right.state || left.reason != right.reason || left.message != right.message ||
         left.is_default != right.is_default || left.uid != right.uid || !(left.info == right.info);
}

}  // namespace

ClientRegistryReconciler::ClientRegistryReconciler(Wiring wiring) : wiring_(std::move(wiring)) {}

Result<Action> ClientRegistryReconciler::reconcile(const kube::ObjectKey& key, std::stop_token stop) {
  if (!wiring_.registries.find(key)) {
    connections_.lock()->erase(key.name);
    wiring_.directory.remove(key.name);
    // Also when it was never probed: clients may have waited for that.
    wiring_.changed(key.name, false);
    return Action::await_change();
  }
  // Live: a cache that lags behind our last status would hide that the next one differs from it.
  ASSIGN_OR_RETURN(const std::optional<Json> object,
                   wiring_.client.find(api::kClusterClientRegistries, key, stop));
  if (!object) return Action::await_change();
  ASSIGN_OR_RETURN(const api::ClientRegistry registry, api::read_client_registry(*object));
  ASSIGN_OR_RETURN(const Probed probed, probe(registry, stop));
  publish(registry, probed);
  return write_outcome(registry, probed, std::move(stop));
}

Result<ClientRegistryReconciler::Probed> ClientRegistryReconciler::probe(const api::ClientRegistry& registry,
                                                                         std::stop_token stop) {
  Probed probed{
      .trouble = check_supported(registry.spec), .connection = remembered(registry.meta), .info = {}};
  if (probed.trouble) return probed;
  ASSIGN_OR_RETURN(auto credentials, find_credentials(registry, stop));
  if (auto* trouble = std::get_if<Trouble>(&credentials)) {
    probed.trouble = std::move(*trouble);
    return probed;
  }
  auto connected = connect(registry, std::get<Json>(credentials));
  if (auto* trouble = std::get_if<Trouble>(&connected)) {
    probed.trouble = std::move(*trouble);
    return probed;
  }
  probed.connection = std::get<Connection>(connected);
  auto info = probed.connection->backend().probe(std::move(stop));
  if (info) {
    probed.info = std::move(*info);
  } else if (info.error().kind == ErrorKind::cancelled) {
    return failure_of(std::move(info));
  } else {
    probed.trouble = trouble_of(info.error());
  }
  return probed;
}

Result<std::variant<Json, RegistryTrouble>> ClientRegistryReconciler::find_credentials(
    const api::ClientRegistry& registry, std::stop_token stop) {
  using Answer = std::variant<Json, RegistryTrouble>;
  const api::SecretKeyRef& reference = *registry.spec.bearer;
  const kube::ObjectKey key{.namespace_name = wiring_.operator_namespace, .name = reference.name};
  ASSIGN_OR_RETURN(std::optional<Json> secret, wiring_.client.find(kube::kSecrets, key, std::move(stop)));
  const std::string field = "spec.auth.bearer.secretRef: Secret " + key.text();
  if (!secret) return Answer(waiting(reason::kCredentialsNotFound, field + " does not exist; create it"));
  ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(*secret));
  if (meta.label(api::kUsableByLabel) != api::kUsableByRegistry) {
    return Answer(waiting(
        reason::kCredentialsNotUsable,
        field + " lacks the label apiclient.dev/usable-by: registry, so the operator may not use it"));
  }
  if (read_key(*secret, reference.key).empty()) {
    return Answer(
        waiting(reason::kCredentialsNotFound, field + " has no value under the key " + reference.key));
  }
  return Answer(std::move(*secret));
}

std::variant<ClientRegistryReconciler::Connection, RegistryTrouble> ClientRegistryReconciler::connect(
    const api::ClientRegistry& registry, const Json& secret) {
  const std::string version = version_of(secret);
  {
    auto connections = connections_.lock();
    const auto found = connections->find(registry.key.name);
    if (found != connections->end() && found->second.generation == registry.meta.generation &&
        found->second.uid == registry.meta.uid && found->second.secret_version == version) {
      return found->second.connection;
    }
  }
  const api::ClientRegistrySpec& spec = registry.spec;
  auto made = wiring_.connect(
      {.name = registry.key.name,
       .kind = backend::RegistryKind::embedded,
       .admin_url = spec.admin_url,
       .issuer = spec.issuer,
       .token_url = spec.token_url,
       .auth = {.token = std::make_shared<const Secret>(read_key(secret, spec.bearer->key))},
       .tls = {.ca_pem = spec.tls.ca_bundle, .insecure_skip_verify = spec.tls.insecure_skip_verify}});
  if (!made) return stalled(reason::kInvalidSpec, made.error().message);
  Connection connection = std::move(*made);
  (*connections_.lock())[registry.key.name] = {.generation = registry.meta.generation,
                                               .uid = registry.meta.uid,
                                               .secret_version = version,
                                               .connection = connection};
  return connection;
}

ClientRegistryReconciler::Connection ClientRegistryReconciler::remembered(
    const kube::ObjectMeta& registry) const {
  const auto connections = connections_.lock();
  const auto found = connections->find(registry.key.name);
  const bool same = found != connections->end() && found->second.uid == registry.uid;
  return same ? found->second.connection : nullptr;
}

void ClientRegistryReconciler::publish(const api::ClientRegistry& registry, const Probed& probed) {
  auto snapshot = std::make_shared<RegistrySnapshot>();
  snapshot->name = registry.key.name;
  snapshot->uid = registry.meta.uid;
  snapshot->generation = registry.meta.generation;
  snapshot->is_default = registry.is_default();
  snapshot->spec = registry.spec;
  snapshot->state = probed.trouble ? RegistryState::failed : RegistryState::ready;
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
  wiring_.changed(registry.key.name, spec_changed);
}

Result<Action> ClientRegistryReconciler::write_outcome(const api::ClientRegistry& registry,
                                                       const Probed& probed, std::stop_token stop) {
  const WallTime now = wiring_.clock.wall_now();
  const api::ClientRegistryStatus status = probed.trouble ? summarise_trouble(registry, *probed.trouble, now)
                                                          : summarise_ready(registry, probed.info, now);
  kube::ObjectMeta meta = registry.meta;
  RETURN_IF_ERROR(write_status_if_changed(wiring_.client, api::kClusterClientRegistries, meta,
                                          api::write_status(registry.status), api::write_status(status),
                                          std::move(stop)));
  wiring_.report.status_written(registry, status);
  if (!probed.trouble) return Action::requeue_after(kProbePeriod);
  if (probed.trouble->stalled) return Action::await_change();
  return Action::requeue_after(probe_delay(registry.status.failure_count, *probed.trouble));
}

}  // namespace apiclient::reconciler
