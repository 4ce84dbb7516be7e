#include "unit/reconciler/world.h"

#include <utility>

#include "api/names.h"
#include "base/encoding.h"

namespace apiclient::test {

using reconciler::Doubt;

struct World::Process {
  explicit Process(World& world)
      : state_loss({.clients = clients, .clock = world.clock, .installation_id = kInstallation}),
        registrations(world.kube, kOperatorNamespace, kInstallation),
        report({.events = world.events, .metrics = world.metrics, .installation_id = kInstallation}),
        reconciler(
            {.client = world.kube,
             .clients = clients,
             .secrets = secrets,
             .namespaces = namespaces,
             .claims = claims,
             .formers = formers,
             .registries = registries,
             .state_loss = state_loss,
             .registrations = registrations,
             .memory = memory,
             .client_writes = client_writes,
             .secret_writes = secret_writes,
             .slots = slots,
             .clock = world.clock,
             .report = report,
             .operator_namespace = kOperatorNamespace,
             .installation_id = kInstallation,
             .clock_skew = [&world] { return world.clock_skew; },
             .suspect_registry = [&world](const std::string& name) { world.suspects_.push_back(name); }}) {}

  runtime::Store<api::ApiClientSummary> clients;
  runtime::Store<reconciler::SecretSummary> secrets;
  runtime::Store<kube::ObjectMeta> namespaces;
  reconciler::SecretClaims claims;
  reconciler::FormerSecrets formers;
  reconciler::RegistryDirectory registries;
  reconciler::PassMemory memory;
  reconciler::OwnWrites client_writes;
  reconciler::OwnWrites secret_writes;
  reconciler::RotationSlots slots{kRotationSlots};
  reconciler::StateLossGuard state_loss;
  reconciler::RegistrationRecords registrations;
  reconciler::ActionReporter report;
  reconciler::ApiClientReconciler reconciler;
};

World::World(const RegistryBuilder& registry)
    : registry_(registry), connection_(std::make_shared<FakeConnection>(backend)) {
  keep_to_capabilities();
  restart();
}
World::~World() = default;

reconciler::RegistrationRecords& World::registrations() { return process_->registrations; }

// What people do

void World::apply(const ApiClientBuilder& client) { kube.put(api::kApiClients, client.json()); }

void World::patch_client(const Json& patch) {
  Json object = client();
  object.merge_patch(patch);
  kube.put(api::kApiClients, object);
}

void World::delete_client() {
  (void)kube.remove(api::kApiClients, kClientKey, {}, {});
  kube.clear_writes();
}

void World::patch_secret(const Json& patch) {
  Json object = secret();
  object.merge_patch(patch);
  kube.put(kube::kSecrets, object);
}

void World::lose_secret() { kube.erase(kube::kSecrets, kSecretKey); }

void World::label_namespace(const kube::StringMap& labels) {
  kube::ObjectMeta space{.key = {.namespace_name = "", .name = kNamespace}};
  space.labels = labels;
  process_->namespaces.put(std::make_shared<kube::ObjectMeta>(space));
}

void World::namespace_goes_since(std::chrono::minutes ago) {
  kube::ObjectMeta space{.key = {.namespace_name = "", .name = kNamespace}};
  space.deletion_timestamp = clock.wall_now() - ago;
  process_->namespaces.put(std::make_shared<kube::ObjectMeta>(space));
}

// What the registry reconciler would say

/// The fake can what the registry's probe has said.
void World::keep_to_capabilities() { backend.set_info(registry_.snapshot().info); }

void World::registry_is(const RegistryBuilder& registry) {
  registry_ = registry;
  keep_to_capabilities();
  registry_recovers();
}

void World::registry_fails(const std::string& reason, bool degraded) {
  auto snapshot = registry_.snapshot(connection_);
  snapshot.state = reconciler::RegistryState::failed;
  snapshot.reason = reason;
  snapshot.degraded = degraded;
  snapshot.message = "it does not work";
  process_->registries.put(std::make_shared<reconciler::RegistrySnapshot>(std::move(snapshot)));
}

void World::registry_recovers() { process_->registries.put(registry_.shared(connection_)); }

void World::registry_is_gone() { process_->registries.remove(kRegistry); }

void World::registry_awaits_its_probe() {
  registry_is_gone();
  process_->registries.expect(kRegistry);
}

// The operator

Result<runtime::Action> World::pass() { return pass(kClientKey); }

Result<runtime::Action> World::pass_alone(const kube::ObjectKey& key) {
  sync_alone(key);
  auto action = process_->reconciler.reconcile(key, {});
  sync_alone(key);
  return action;
}

Result<runtime::Action> World::pass(const kube::ObjectKey& key) {
  sync();
  auto action = process_->reconciler.reconcile(key, {});
  sync();
  return action;
}

bool World::settle() {
  constexpr int kMostPasses = 12;
  for (int i = 0; i < kMostPasses; ++i) {
    const auto action = pass();
    if (action && (!action->after || action->after->count() > 0)) return true;
  }
  return false;
}

bool World::crashes_at(const std::string& point) {
  checkpoints.crash_at(point);
  try {
    (void)pass();
  } catch (const Crash&) {
    restart();
    return true;
  }
  return false;
}

void World::restart() {
  process_ = std::make_unique<Process>(*this);
  registry_recovers();
  sync();
}

void World::sync() {
  // The clock of the registry is right.
  backend.set_time(clock.wall_now() - std::chrono::duration_cast<WallTime::duration>(clock_skew));
  for (const Json& object : kube.all(api::kApiClients)) sync_client(object);
  for (const Json& object : kube.all(kube::kSecrets)) sync_secret(object);
  drop_what_is_gone();
}

void World::sync_alone(const kube::ObjectKey& key) {
  backend.set_time(clock.wall_now());
  const Json object = kube.get(api::kApiClients, key);
  sync_client(object);
  const auto uid = object["metadata"]["uid"].get<std::string>();
  for (const kube::ObjectKey& secret : {key, reconciler::staged_key(kOperatorNamespace, uid)}) {
    const Json live = kube.get(kube::kSecrets, secret);
    live.is_null() ? (void)process_->secrets.erase(secret) : sync_secret(live);
  }
}

void World::sync_client(const Json& object) {
  auto summary = std::make_shared<api::ApiClientSummary>(api::read_api_client_summary(object).value());
  const kube::ObjectKey secret{summary->key.namespace_name, summary->secret_name};
  process_->claims.add(secret, {summary->created_at, summary->uid}, summary->key);
  process_->clients.put(std::move(summary));
}

/// Only Secrets with the operator's label are watched. A change that the operator did not make raises a
/// doubt.
void World::sync_secret(const Json& object) {
  auto summary = std::make_shared<reconciler::SecretSummary>(reconciler::read_secret_summary(object).value());
  const kube::ObjectKey key = summary->key;
  const auto labels = object["metadata"].value("labels", Json::object());
  if (labels.value(std::string(api::kManagedByLabel), "") != api::kManagedBy) return;
  const std::string version = summary->resource_version;
  if (summary->former) process_->formers.add(summary->owner_uid, key);
  const auto before = process_->secrets.put(std::move(summary));
  if (!before || before->resource_version == version) return;
  if (before->staged || before->registration) return;
  if (process_->secret_writes.take(key, version)) return;
  process_->memory.request_check({key.namespace_name, before->owner_name}, Doubt::secret);
}

void World::drop_what_is_gone() {
  for (const kube::ObjectKey& key : process_->clients.keys()) {
    if (!kube.get(api::kApiClients, key).is_null()) continue;
    const auto before = process_->clients.erase(key);
    process_->claims.remove({key.namespace_name, before->secret_name}, before->uid);
  }
  for (const kube::ObjectKey& key : process_->secrets.keys()) {
    if (!kube.get(kube::kSecrets, key).is_null()) continue;
    const auto before = process_->secrets.erase(key);
    if (before->former) process_->formers.remove(before->owner_uid, key);
    if (before->staged) continue;
    process_->memory.request_check({key.namespace_name, before->owner_name}, Doubt::secret);
  }
}

// What is seen

Json World::client() const { return kube.get(api::kApiClients, kClientKey); }
Json World::secret() const { return kube.get(kube::kSecrets, kSecretKey); }

std::vector<Json> World::staged() const {
  std::vector<Json> found;
  for (const Json& object : kube.all(kube::kSecrets)) {
    if (object["metadata"]["namespace"] == kOperatorNamespace) found.push_back(object);
  }
  return found;
}

std::string World::published_value() const {
  const Json object = secret();
  if (object.is_null()) return "";
  return base64_decode(object["data"].value("client-secret", "")).value();
}

std::string World::condition(std::string_view type) const {
  const Json status = client().value("status", Json::object());
  for (const Json& one : status.value("conditions", Json::array())) {
    if (one["type"] == type) return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
  }
  return "-";
}

std::vector<std::string> World::take_suspects() { return std::exchange(suspects_, {}); }

void World::clear_records() {
  kube.clear_writes();
  backend.clear_calls();
}

}  // namespace apiclient::test
