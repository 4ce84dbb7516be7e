#pragma once
// The ApiClient: spec, status, and the way to and from JSON. Plain values; docs/api-reference.md is the
// manual.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/restart_target.h"
#include "api/rotation_spec.h"
#include "base/result.h"
#include "json/json.h"
#include "kube/condition.h"
#include "kube/object_meta.h"

namespace apiclient::api {

struct RegistryRef {
  std::string kind = "ClusterClientRegistry";
  std::string name = {};
  bool operator==(const RegistryRef&) const = default;
};

struct SecretTemplate {
  std::optional<std::string> name = {};  ///< default: the ApiClient's name
  std::string type = "servicebinding.io/oauth2";
  kube::StringMap keys = {};  ///< our key → extra key name
  kube::StringMap labels = {};
  kube::StringMap annotations = {};
};

struct TokenLifetimes {
  std::optional<std::chrono::milliseconds> access_token = {};
  std::optional<std::chrono::milliseconds> refresh_token = {};
  std::optional<std::chrono::milliseconds> id_token = {};
};

/// A member of spec.registryParameters, whose value may be any JSON.
struct RegistryParameter {
  std::string text = {};  ///< a string as it is, anything else as JSON
  std::vector<std::string> values =
      {};  ///< it, or each of a list, in that form: what an allow-list is compared with
};

enum class DeletionPolicy { remove, disable, retain };

/// Take over a client that is there already and belongs to nobody.
struct AdoptSpec {
  std::string client_id = {};    ///< the full one; no template is applied
  std::string secret_name = {};  ///< Secret with the client's present secret; empty: none is shown
  std::string secret_key = {};
};

struct ApiClientSpec {
  std::string display_name = {};
  std::optional<std::string> client_id = {};
  std::string type = "Machine";
  std::optional<std::vector<std::string>> grant_types = {};
  std::vector<std::string> redirect_uris = {};
  std::vector<std::string> post_logout_redirect_uris = {};
  std::vector<std::string> allowed_cors_origins = {};
  std::optional<bool> require_consent = {};
  std::optional<std::vector<std::string>> scopes = {};
  std::vector<std::string> audiences = {};
  std::optional<std::string> token_endpoint_auth_method = {};
  std::string jwks_uri = {};
  std::string jwks = {};  ///< JSON text, empty when absent
  TokenLifetimes token_lifetimes = {};
  std::vector<std::string> contacts = {};
  std::string client_uri = {};
  std::string logo_uri = {};
  std::string policy_uri = {};
  std::string tos_uri = {};
  std::map<std::string, RegistryParameter> registry_parameters = {};
  std::optional<RegistryRef> registry_ref = {};
  SecretTemplate secret = {};
  RotationSpec rotation = {};
  std::vector<RestartTarget> restart_targets = {};
  bool suspended = false;  ///< disabled in the registry; the credentials stay
  std::optional<DeletionPolicy> deletion_policy = {};
  std::optional<AdoptSpec> adopt = {};

  /// What was there before this object outlives it unless somebody says otherwise.
  [[nodiscard]] DeletionPolicy effective_deletion_policy() const {
    return deletion_policy.value_or(adopt ? DeletionPolicy::retain : DeletionPolicy::remove);
  }
};

struct RegistryStatus {
  std::string kind = {};
  std::string name = {};
  std::string issuer = {};
  bool operator==(const RegistryStatus&) const = default;
};

struct CredentialStatus {
  std::int64_t revision = 0;
  std::string id = {};
  std::string hint = {};
  std::optional<WallTime> issued_at = {};
  std::optional<WallTime> last_used_at = {};
};

/// The secret before the present one, while both work.
struct PreviousStatus {
  std::int64_t revision = 0;
  std::string id = {};
  std::string hint = {};
  std::optional<WallTime> retire_at = {};
  std::optional<WallTime> last_used_at = {};
};

/// A mint that has begun where no staged Secret can be the fence.
struct InProgress {
  std::string operation_id = {};
  std::string kind = {};
  std::int64_t revision = 0;
  std::string token = {};
  std::string client_id = {};
  RegistryStatus registry = {};

  bool operator==(const InProgress&) const = default;
};

struct RotationStatus {
  std::string strategy = {};
  std::optional<WallTime> last_time = {};
  std::string last_reason = {};
  std::string last_handled_token = {};
  std::vector<std::string> handled_ids = {};  ///< the last 16
  std::string last_handled_revoke = {};
  std::optional<WallTime> next_time = {};  ///< of the next planned rotation
  std::optional<InProgress> in_progress = {};
  std::string refused_token = {};  ///< at most 256 characters
  std::string refused_reason = {};

  bool operator==(const RotationStatus&) const = default;
};

/// What the defaults came to, so that nobody has to know them.
struct EffectiveSpec {
  std::string client_id = {};
  std::string type = {};
  std::vector<std::string> grant_types = {};
  std::vector<std::string> scopes = {};
  std::vector<std::string> audiences = {};
  std::string token_endpoint_auth_method = {};
  std::optional<bool> require_consent = {};
  std::string secret_name = {};
  std::string secret_type = {};
  std::string deletion_policy = {};
  RegistryRef registry = {};
};

struct ApiClientStatus {
  std::int64_t observed_generation = -1;
  std::vector<kube::Condition> conditions = {};
  std::string client_id = {};
  std::optional<RegistryStatus> registry = {};
  std::string binding_name = {};
  std::optional<CredentialStatus> credential = {};
  std::optional<PreviousStatus> previous = {};
  RotationStatus rotation = {};
  std::string last_handled_reconcile = {};
  int failure_count = 0;
  std::optional<WallTime> failure_time = {};
  std::optional<EffectiveSpec> effective = {};

  [[nodiscard]] bool issued() const { return credential.has_value() || !binding_name.empty(); }
};

struct ApiClient {
  kube::ObjectMeta meta = {};
  ApiClientSpec spec = {};
  ApiClientStatus status = {};

  [[nodiscard]] std::string secret_name() const { return spec.secret.name.value_or(meta.key.name); }
  // Registries as api/registry_id.h has them; empty: none.
  [[nodiscard]] std::string wanted_registry() const;  ///< asked for by spec.registryRef
  [[nodiscard]] std::string pinned_registry() const;  ///< from the status
  [[nodiscard]] std::string registry_of(const RegistryStatus& registry) const;  ///< as this object names it
};

/// Errors: invalid, listing every member that cannot be read.
Result<ApiClient> read_api_client(const Json& object);
/// The `status` member. Two statuses are the same when these are equal.
Json write_status(const ApiClientStatus& status);
std::string_view to_string(DeletionPolicy policy);
/// A token as the status repeats it: cut to the 256 characters that fit.
std::string_view shown_token(std::string_view token);

}  // namespace apiclient::api
