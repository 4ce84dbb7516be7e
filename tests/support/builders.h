#pragma once
// Objects built by reading aloud: an_api_client().finalized().deleting(). Each begins as the smallest valid
// one. `json()` is what the API server would store, `object()` the same, read. Plain values.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "backend/client.h"
#include "backend/registry_connection.h"
#include "reconciler/credential_secret.h"
#include "reconciler/registry_directory.h"

namespace apiclient::test {

inline constexpr const char* kNamespace = "team-a";
inline constexpr const char* kName = "invoices";
inline constexpr const char* kUid = "uid-invoices";
inline constexpr const char* kClientId = "acme_team-a_invoices";
inline constexpr const char* kInstallation = "installation-1";
inline constexpr const char* kRegistry = "default";
inline constexpr const char* kIssuer = "http://registry.test";
inline constexpr const char* kOperatorNamespace = "operator";

class ApiClientBuilder {
 public:
  ApiClientBuilder();
  ApiClientBuilder& named(const std::string& name, const std::string& uid);
  ApiClientBuilder& created_at(const std::string& time);
  ApiClientBuilder& generation(std::int64_t generation);
  ApiClientBuilder& finalized();
  /// Since 2026-01-02T03:00:00Z.
  ApiClientBuilder& deleting();
  ApiClientBuilder& annotated(std::string_view name, const std::string& value);
  /// RFC 7386 merge patch of the spec.
  ApiClientBuilder& with_spec(const Json& patch);
  ApiClientBuilder& with_status(const api::ApiClientStatus& status);
  /// Finalized, registered and published at this revision, all well.
  ApiClientBuilder& issued(std::int64_t revision = 1);

  [[nodiscard]] Json json() const { return object_; }
  [[nodiscard]] api::ApiClient object() const;

 private:
  Json object_;
};
ApiClientBuilder an_api_client();

/// A ClusterClientRegistry, embedded and the default one.
class RegistryBuilder {
 public:
  RegistryBuilder();
  RegistryBuilder& named(const std::string& name);
  RegistryBuilder& not_default();
  /// A ClientRegistry of that namespace; the default marker stays, as somebody may set it there.
  RegistryBuilder& in_namespace(const std::string& name);
  RegistryBuilder& generation(std::int64_t generation);
  RegistryBuilder& with_spec(const Json& patch);
  RegistryBuilder& with_status(const api::ClientRegistryStatus& status);
  /// As its probe found; unless said, like the embedded registry.
  RegistryBuilder& can(const backend::Capabilities& capabilities);

  [[nodiscard]] Json json() const { return object_; }
  [[nodiscard]] api::ClientRegistry object() const;
  /// As the directory knows it after a good probe.
  [[nodiscard]] reconciler::RegistrySnapshot snapshot(
      std::shared_ptr<backend::RegistryConnection> connection = nullptr) const;
  [[nodiscard]] std::shared_ptr<const reconciler::RegistrySnapshot> shared(
      std::shared_ptr<backend::RegistryConnection> connection = nullptr) const;
  [[nodiscard]] const backend::Capabilities& capabilities() const { return capabilities_; }

 private:
  Json object_;
  backend::Capabilities capabilities_{
      .max_secrets = 3, .secrets_have_ids = true, .searchable_mark = true, .can_disable = true};
};
RegistryBuilder a_registry();
/// One secret for each client: rotation is InPlace.
RegistryBuilder a_registry_of_one_secret();
/// It makes ids and secrets itself: rotation is Reregister.
RegistryBuilder a_registry_that_makes_rotated_secrets();
RegistryBuilder a_registry_that_picks_ids();

/// The published Secret of an_api_client().
class TargetSecretBuilder {
 public:
  TargetSecretBuilder();
  TargetSecretBuilder& named(const std::string& name);
  TargetSecretBuilder& revision(std::int64_t revision);
  TargetSecretBuilder& operation(const std::string& id);
  TargetSecretBuilder& credential(const std::string& id);
  TargetSecretBuilder& value(const std::string& secret);
  TargetSecretBuilder& owner(const std::string& uid, const std::string& name = kName);
  /// Without a mark of the operator.
  TargetSecretBuilder& foreign();
  TargetSecretBuilder& annotated(std::string_view name, const std::string& value);
  /// RFC 7386 merge patch of the whole.
  TargetSecretBuilder& patched(const Json& patch);

  [[nodiscard]] Json json() const { return object_; }
  [[nodiscard]] reconciler::TargetSecret object() const;

 private:
  Json object_;
};
TargetSecretBuilder a_target_secret();

reconciler::StagedCredential a_staged_credential(std::int64_t revision = 1,
                                                 const std::string& operation = "op-1",
                                                 const std::string& value = "staged-value");

/// kClientId as the registry stores it, marked as ours.
class RegisteredClientBuilder {
 public:
  explicit RegisteredClientBuilder(backend::ClientSettings settings);
  RegisteredClientBuilder& marked_by(const std::string& installation, const std::string& name,
                                     const std::string& uid);
  RegisteredClientBuilder& unmarked();
  RegisteredClientBuilder& mark_revision(std::int64_t revision);
  /// One more secret; its id is "c" and the revision, its operation "op-" and the revision unless given.
  RegisteredClientBuilder& secret(std::int64_t revision, const std::string& operation = "");

  [[nodiscard]] backend::RegisteredClient object() const { return client_; }

 private:
  backend::RegisteredClient client_;
};
RegisteredClientBuilder a_registered_client(backend::ClientSettings settings);

}  // namespace apiclient::test
