#pragma once
// ClusterClientRegistry and ClientRegistry, which have one schema: spec, status, and the way to and from
// JSON. The namespace of `key` tells them apart. Plain values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include "base/result.h"
#include "kube/condition.h"
#include "kube/object_meta.h"

namespace apiclient::api {

struct SecretKeyRef {
  std::string name = {};
  std::string key = {};
};

/// spec.auth.basic.secretRef.
struct BasicAuthRef {
  std::string name = {};
  std::string username_key = {};
  std::string password_key = {};
};

/// spec.auth.clientCredentials.
struct ClientCredentialsRef {
  std::string name = {};
  std::string client_id_key = {};
  std::string client_secret_key = {};
  std::string token_url = {};  ///< empty: the registry's own
  std::vector<std::string> scopes = {};
};

/// spec.rateLimit; 0: not given.
struct RegistryRateLimit {
  std::int64_t requests_per_second = 0;
  std::int64_t burst = 0;
  std::int64_t max_in_flight = 0;
};

/// metav1.LabelSelector.
struct LabelSelector {
  struct Expression {
    std::string key;
    std::string op;  ///< In, NotIn, Exists, DoesNotExist
    std::vector<std::string> values;
  };
  kube::StringMap match_labels = {};
  std::vector<Expression> match_expressions = {};

  [[nodiscard]] bool matches(const kube::StringMap& labels) const;
};

struct AllowedParameter {
  std::string name = {};
  std::optional<std::vector<std::string>> values = {};  ///< absent: any value
};

/// Who may take over which clients that are there already.
struct AllowedAdoption {
  std::vector<std::string> namespaces = {};
  std::vector<std::string> client_ids = {};
  bool without_secret = false;  ///< also without the client's present secret
};

struct RegistryTls {
  std::string ca_bundle = {};  ///< PEM
  std::optional<SecretKeyRef> ca_secret = {};
  std::string client_certificate_secret = {};  ///< name of a Secret of type kubernetes.io/tls
  std::string server_name = {};
  bool insecure_skip_verify = false;
};

struct ClientRegistrySpec {
  std::string backend = {};    ///< the one member that is set: embedded, hydra, keycloak, dynamicRegistration
  std::string admin_url = {};  ///< of keycloak: of the realm's admin resources
  std::string registration_endpoint =
      {};  ///< dynamicRegistration only; empty: the issuer's metadata names it
  std::string issuer = {};
  std::string token_url = {};
  std::string tenant = {};
  std::string client_id_template = {};      ///< empty: the default one
  std::optional<SecretKeyRef> bearer = {};  ///< of the four, at most one is set
  std::optional<BasicAuthRef> basic = {};
  std::optional<ClientCredentialsRef> client_credentials = {};
  std::optional<SecretKeyRef> initial_access_token = {};
  RegistryTls tls = {};
  std::optional<std::vector<std::string>> allowed_grant_types = {};
  std::optional<std::vector<std::string>> allowed_scopes = {};
  std::optional<std::vector<std::string>> allowed_audiences = {};
  std::vector<AllowedParameter> allowed_parameters = {};
  std::optional<LabelSelector> allowed_namespaces = {};
  std::vector<AllowedAdoption> allow_adoption = {};
  std::vector<std::string> default_scopes = {};
  std::string scope_separator = " ";
  bool verify_credentials = true;
  bool allow_in_place_rotation = false;  ///< where no overlap is possible: a planned rotation may leave a gap
  std::chrono::milliseconds min_rotation_interval = std::chrono::hours(1);
  std::optional<std::chrono::milliseconds> max_overlap = {};  ///< default: 7 times the overlap
  std::chrono::milliseconds degraded_after = std::chrono::hours(1);
  std::chrono::milliseconds resync_interval = std::chrono::minutes(10);
  RegistryRateLimit rate_limit = {};
  bool orphan_on_delete = false;
  /// Fields that are set and that this version does not act on.
  std::vector<std::string> unsupported_fields = {};
};

struct RegistryEndpoints {
  std::string token_url = {};
  std::string authorization_url = {};
  std::string jwks_url = {};
  std::string user_info_url = {};
};

/// A person's word that the registry did lose its clients.
struct AcceptedStateLoss {
  std::string token = {};
  std::optional<WallTime> time = {};           ///< clients issued before may be registered again
  std::optional<WallTime> restored_time = {};  ///< from then on they may not: the registry was whole again

  [[nodiscard]] bool is_open() const { return time && !restored_time; }
};

struct ClientRegistryStatus {
  std::int64_t observed_generation = -1;
  std::vector<kube::Condition> conditions = {};
  std::string backend = {};
  std::string server_version = {};
  RegistryEndpoints endpoints = {};
  Json capabilities;
  int failure_count = 0;
  std::optional<WallTime> failure_time = {};
  std::optional<WallTime> next_retry_time = {};
  AcceptedStateLoss accepted_state_loss = {};
};

struct ClientRegistry {
  kube::ObjectMeta meta = {};
  ClientRegistrySpec spec = {};
  ClientRegistryStatus status = {};
  // For runtime::Store.
  kube::ObjectKey key = {};
  std::string resource_version = {};

  /// Only one of the cluster kind can be.
  [[nodiscard]] bool is_default() const;
  /// See api/registry_id.h.
  [[nodiscard]] std::string id() const { return key.text(); }
};

Result<ClientRegistry> read_client_registry(const Json& object);
Json write_status(const ClientRegistryStatus& status);

/// "{tenant}_{namespace}_{clientId}" and its like, filled in; see docs for the default.
std::string render_client_id(const ClientRegistrySpec& registry, std::string_view namespace_name,
                             std::string_view client_id);

}  // namespace apiclient::api
