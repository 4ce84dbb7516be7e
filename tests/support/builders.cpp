#include "support/builders.h"

#include <algorithm>

#include "api/conditions.h"
#include "api/names.h"
#include "base/encoding.h"

namespace apiclient::test {

using kube::ConditionStatus;

// ApiClient

ApiClientBuilder::ApiClientBuilder()
    : object_{{"apiVersion", "apiclient.dev/v1alpha1"},
              {"kind", "ApiClient"},
              {"metadata",
               {{"namespace", kNamespace},
                {"name", kName},
                {"uid", kUid},
                {"resourceVersion", "7"},
                {"generation", 1},
                {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
              {"spec", {{"displayName", "Invoice exporter"}}}} {}

ApiClientBuilder& ApiClientBuilder::named(const std::string& name, const std::string& uid) {
  object_["metadata"]["name"] = name;
  object_["metadata"]["uid"] = uid;
  return *this;
}
ApiClientBuilder& ApiClientBuilder::created_at(const std::string& time) {
  object_["metadata"]["creationTimestamp"] = time;
  return *this;
}
ApiClientBuilder& ApiClientBuilder::generation(std::int64_t generation) {
  object_["metadata"]["generation"] = generation;
  return *this;
}
ApiClientBuilder& ApiClientBuilder::finalized() {
  object_["metadata"]["finalizers"] = Json::array({api::kCleanupFinalizer});
  return *this;
}
ApiClientBuilder& ApiClientBuilder::deleting() {
  object_["metadata"]["deletionTimestamp"] = "2026-01-02T03:00:00Z";
  return *this;
}
ApiClientBuilder& ApiClientBuilder::annotated(std::string_view name, const std::string& value) {
  object_["metadata"]["annotations"][std::string(name)] = value;
  return *this;
}
ApiClientBuilder& ApiClientBuilder::with_spec(const Json& patch) {
  object_["spec"].merge_patch(patch);
  return *this;
}
ApiClientBuilder& ApiClientBuilder::with_status(const api::ApiClientStatus& status) {
  object_["status"] = api::write_status(status);
  return *this;
}

ApiClientBuilder& ApiClientBuilder::issued(std::int64_t revision) {
  const auto all_well = [](std::string_view type, std::string_view reason) {
    return kube::Condition{.type = std::string(type),
                           .status = ConditionStatus::true_value,
                           .reason = std::string(reason),
                           .observed_generation = 1};
  };
  api::ApiClientStatus status{.observed_generation = 1,
                              .client_id = kClientId,
                              .registry = api::RegistryStatus{"ClusterClientRegistry", kRegistry, kIssuer},
                              .binding_name = kName};
  status.conditions = {all_well(api::kReady, api::reason::kIssued),
                       all_well(api::kRegistered, api::reason::kUpToDate),
                       all_well(api::kSecretPublished, api::reason::kPublished)};
  status.credential = api::CredentialStatus{.revision = revision, .id = "c" + std::to_string(revision)};
  status.rotation.strategy = "Overlap";
  return finalized().with_status(status);
}

api::ApiClient ApiClientBuilder::object() const { return api::read_api_client(object_).value(); }

ApiClientBuilder an_api_client() { return {}; }

// Registry

RegistryBuilder::RegistryBuilder()
    : object_{{"apiVersion", "apiclient.dev/v1alpha1"},
              {"kind", "ClusterClientRegistry"},
              {"metadata",
               {{"name", kRegistry},
                {"uid", "uid-registry"},
                {"resourceVersion", "3"},
                {"generation", 1},
                {"annotations", {{api::kDefaultRegistryAnnotation, "true"}}}}},
              {"spec",
               {{"embedded", {{"adminUrl", "http://registry.test:9081"}}},
                {"issuer", kIssuer},
                {"tenant", "acme"},
                {"auth", {{"bearer", {{"secretRef", {{"name", "registry-admin"}, {"key", "token"}}}}}}}}}} {}

RegistryBuilder& RegistryBuilder::named(const std::string& name) {
  object_["metadata"]["name"] = name;
  object_["metadata"]["uid"] = "uid-" + name;
  return *this;
}
RegistryBuilder& RegistryBuilder::not_default() {
  object_["metadata"].erase("annotations");
  return *this;
}
RegistryBuilder& RegistryBuilder::in_namespace(const std::string& name) {
  object_["kind"] = "ClientRegistry";
  object_["metadata"]["namespace"] = name;
  return *this;
}
RegistryBuilder& RegistryBuilder::generation(std::int64_t generation) {
  object_["metadata"]["generation"] = generation;
  return *this;
}
RegistryBuilder& RegistryBuilder::with_spec(const Json& patch) {
  object_["spec"].merge_patch(patch);
  return *this;
}
RegistryBuilder& RegistryBuilder::with_status(const api::ClientRegistryStatus& status) {
  object_["status"] = api::write_status(status);
  return *this;
}

api::ClientRegistry RegistryBuilder::object() const { return api::read_client_registry(object_).value(); }

reconciler::RegistrySnapshot RegistryBuilder::snapshot(
    std::shared_ptr<backend::RegistryConnection> connection) const {
  const api::ClientRegistry registry = object();
  return {.name = registry.id(),
          .uid = registry.meta.uid,
          .generation = registry.meta.generation,
          .is_default = registry.is_default(),
          .spec = registry.spec,
          .state = reconciler::RegistryState::ready,
          .accepted_state_loss = registry.status.accepted_state_loss,
          .info = {.capabilities = capabilities_,
                   .endpoints = {.token = "http://registry.test/oauth2/token",
                                 .jwks = "http://registry.test/.well-known/jwks.json"}},
          .connection = std::move(connection)};
}

std::shared_ptr<const reconciler::RegistrySnapshot> RegistryBuilder::shared(
    std::shared_ptr<backend::RegistryConnection> connection) const {
  return std::make_shared<reconciler::RegistrySnapshot>(snapshot(std::move(connection)));
}

RegistryBuilder& RegistryBuilder::can(const backend::Capabilities& capabilities) {
  capabilities_ = capabilities;
  return *this;
}

RegistryBuilder a_registry() { return {}; }

RegistryBuilder a_registry_of_one_secret() {
  return RegistryBuilder().can(
      {.max_secrets = 1, .secrets_have_ids = true, .searchable_mark = true, .can_disable = true});
}

RegistryBuilder a_registry_that_makes_rotated_secrets() {
  return RegistryBuilder().can({.chooses_rotated_secret = true,
                                .max_secrets = 6,
                                .secrets_have_ids = true,
                                .searchable_mark = true,
                                .can_disable = true});
}

RegistryBuilder a_registry_that_picks_ids() {
  return RegistryBuilder().can({.chooses_client_id = true, .chooses_secret = true, .max_secrets = 1});
}

// Target Secret

TargetSecretBuilder::TargetSecretBuilder()
    : object_{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"metadata",
               {{"namespace", kNamespace},
                {"name", kName},
                {"uid", "uid-target"},
                {"resourceVersion", "20"},
                {"labels", {{api::kManagedByLabel, api::kManagedBy}, {api::kNameLabel, kName}}},
                {"annotations",
                 {{api::kOwnerUidAnnotation, kUid},
                  {api::kInstallationAnnotation, kInstallation},
                  {api::kRegistryAnnotation, std::string("ClusterClientRegistry/") + kRegistry}}}}},
              {"type", "servicebinding.io/oauth2"},
              {"data", {{"client-id", base64_encode(kClientId)}}}} {
  revision(1).operation("op-1").credential("c1").value("published-value");
}

TargetSecretBuilder& TargetSecretBuilder::named(const std::string& name) {
  object_["metadata"]["name"] = name;
  return *this;
}
TargetSecretBuilder& TargetSecretBuilder::revision(std::int64_t revision) {
  return annotated(api::kRevisionAnnotation, std::to_string(revision));
}
TargetSecretBuilder& TargetSecretBuilder::operation(const std::string& id) {
  return annotated(api::kOperationAnnotation, id);
}
TargetSecretBuilder& TargetSecretBuilder::credential(const std::string& id) {
  return annotated(api::kCredentialAnnotation, id);
}
TargetSecretBuilder& TargetSecretBuilder::value(const std::string& secret) {
  object_["data"]["client-secret"] = base64_encode(secret);
  return *this;
}
TargetSecretBuilder& TargetSecretBuilder::owner(const std::string& uid, const std::string& name) {
  object_["metadata"]["labels"][std::string(api::kNameLabel)] = name;
  return annotated(api::kOwnerUidAnnotation, uid);
}
TargetSecretBuilder& TargetSecretBuilder::foreign() {
  object_["metadata"].erase("labels");
  object_["metadata"].erase("annotations");
  return *this;
}
TargetSecretBuilder& TargetSecretBuilder::annotated(std::string_view name, const std::string& value) {
  object_["metadata"]["annotations"][std::string(name)] = value;
  return *this;
}
TargetSecretBuilder& TargetSecretBuilder::patched(const Json& patch) {
  object_.merge_patch(patch);
  return *this;
}

reconciler::TargetSecret TargetSecretBuilder::object() const {
  return reconciler::read_target(object_).value();
}

TargetSecretBuilder a_target_secret() { return {}; }

// Staged credential

reconciler::StagedCredential a_staged_credential(std::int64_t revision, const std::string& operation,
                                                 const std::string& value) {
  return {.key = reconciler::staged_key(kOperatorNamespace, kUid),
          .uid = "uid-staged",
          .operation_id = operation,
          .kind = "Issue",
          .revision = revision,
          .client_id = kClientId,
          .registry = {"ClusterClientRegistry", kRegistry, kIssuer},
          .value = Secret(value)};
}

// Registered client

RegisteredClientBuilder::RegisteredClientBuilder(backend::ClientSettings settings)
    : client_{.settings = std::move(settings),
              .mark = backend::OwnershipMark{.installation_id = kInstallation,
                                             .namespace_name = kNamespace,
                                             .name = kName,
                                             .uid = kUid,
                                             .revision = 1}} {}

RegisteredClientBuilder& RegisteredClientBuilder::marked_by(const std::string& installation,
                                                            const std::string& name, const std::string& uid) {
  client_.mark->installation_id = installation;
  client_.mark->name = name;
  client_.mark->uid = uid;
  return *this;
}
RegisteredClientBuilder& RegisteredClientBuilder::unmarked() {
  client_.mark.reset();
  return *this;
}
RegisteredClientBuilder& RegisteredClientBuilder::mark_revision(std::int64_t revision) {
  client_.mark->revision = revision;
  return *this;
}
RegisteredClientBuilder& RegisteredClientBuilder::secret(std::int64_t revision,
                                                         const std::string& operation) {
  const std::string number = std::to_string(revision);
  client_.credentials.push_back({.id = "c" + number,
                                 .hint = "hint",
                                 .revision = revision,
                                 .operation_id = operation.empty() ? "op-" + number : operation});
  if (client_.mark) client_.mark->revision = std::max(client_.mark->revision, revision);
  return *this;
}

RegisteredClientBuilder a_registered_client(backend::ClientSettings settings) {
  return RegisteredClientBuilder(std::move(settings));
}

}  // namespace apiclient::test
