#pragma once
// Keycloak's Admin REST API below one realm, as calls. Thread-safe. No answer keeps a secret, and none is
// asked for but to compare it. Errors are those of keycloak_error_from.

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/keycloak_codec.h"
#include "backend/keycloak_policy.h"
#include "http/transport.h"

namespace apiclient::backend::keycloak {

/// Which road a read takes. What a write is based on is read on the road of writes: once, and with little
/// time.
enum class Road { reads, writes };

class AdminApi {
 public:
  /// Nothing is owned; base URI is that of the realm's admin resources.
  AdminApi(http::Transport& reads, http::Transport& writes) : reads_(reads), writes_(writes) {}

  /// Absent is proven: Keycloak shows an empty list also to who may not look. `forbidden`: it may be there.
  Result<std::optional<StoredClient>> find(Road road, const std::string& client_id,
                                           const std::stop_token& stop);
  Result<StoredClient> get(const std::string& uuid, const std::stop_token& stop);
  /// Clients of the realm, whosoever, from `first` on; empty after the last one.
  Result<Json> list(std::size_t first, std::size_t count, const std::stop_token& stop);

  /// Returns the UUID. `value` may be null.
  Result<std::string> create(Json body, const Secret* value, const std::stop_token& stop);
  Result<void> update(const std::string& uuid, Json body, const Secret* value, const std::stop_token& stop);
  Result<void> remove(const std::string& uuid, const std::stop_token& stop);
  /// The client's newest secret: to be compared with another one.
  Result<Secret> secret(const std::string& uuid, const std::stop_token& stop);
  /// Keycloak makes a new secret, which is not looked at; where a rotation policy applies, the one before is
  /// put aside and works on.
  Result<void> regenerate_secret(const std::string& uuid, const std::stop_token& stop);
  /// Ends the one that was put aside. Absent is success.
  Result<void> drop_rotated_secret(const std::string& uuid, const std::stop_token& stop);
  /// Of the realm; none also where we may not look.
  Result<std::optional<RotationPolicy>> rotation_policy(Road road, const std::stop_token& stop);

  /// The realm's client scopes: ids by name.
  Result<std::map<std::string, std::string>> client_scopes(const std::stop_token& stop);
  Result<void> add_scope(const std::string& uuid, const std::string& scope_id, const std::stop_token& stop);
  Result<void> drop_scope(const std::string& uuid, const std::string& scope_id, const std::stop_token& stop);

  /// A role of the realm, as Keycloak wants it to be named.
  struct Role {
    std::string id;
    std::string name;
  };
  /// Id of the user that the client acts as.
  Result<std::string> service_account(Road road, const std::string& uuid, const std::stop_token& stop);
  Result<std::vector<Role>> roles(Road road, const std::string& user, const std::stop_token& stop);
  /// Those that we may give and that the user does not have.
  Result<std::vector<Role>> available_roles(const std::string& user, const std::stop_token& stop);
  Result<void> add_roles(const std::string& user, const std::vector<Role>& roles,
                         const std::stop_token& stop);
  Result<void> drop_roles(const std::string& user, const std::vector<Role>& roles,
                          const std::stop_token& stop);

 private:
  Result<Json> read(Road road, const std::string& path, const std::stop_token& stop);
  Result<http::Response> write(http::Method method, std::string path, std::string body, const Secret* value,
                               const std::stop_token& stop);
  Result<std::vector<Role>> read_roles(Road road, const std::string& path, const std::stop_token& stop);
  Result<void> change_roles(http::Method method, const std::string& user, const std::vector<Role>& roles,
                            const std::stop_token& stop);

  http::Transport& reads_;
  http::Transport& writes_;
};

}  // namespace apiclient::backend::keycloak
