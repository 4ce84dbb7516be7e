#include "backend/keycloak_grants.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "backend/keycloak_parameters.h"

namespace apiclient::backend::keycloak {
namespace {

using Role = AdminApi::Role;

const Role* find_role(const std::vector<Role>& roles, const std::string& name) {
  const auto found = std::ranges::find(roles, name, &Role::name);
  return found == roles.end() ? nullptr : &*found;
}

Error refuse_role(std::string_view why) {
  return {.kind = ErrorKind::invalid,
          .message = std::string("registryParameters: ").append(kRolesParameter).append(": ").append(why),
          .code = "role_not_given"};
}

/// Whoever may manage clients may not give roles by that alone.
Error explained(Error error) {
  if (error.kind != ErrorKind::forbidden) return error;
  return refuse_role(
      "the operator may not give roles; give the service account of its client the role manage-users of "
      "realm-management, or remove the parameter");
}

/// Those of `wanted` that have to be added, as Keycloak names them.
Result<std::vector<Role>> missing_roles(AdminApi& api, const std::string& user,
                                        const std::vector<std::string>& wanted,
                                        const std::vector<Role>& present, const std::stop_token& stop) {
  std::vector<Role> missing;
  const auto has = [&present](const std::string& name) { return find_role(present, name) != nullptr; };
  if (std::ranges::all_of(wanted, has)) return missing;
  ASSIGN_OR_RETURN(const std::vector<Role> available, api.available_roles(user, stop));
  for (const std::string& name : wanted) {
    if (has(name)) continue;
    const Role* role = find_role(available, name);
    if (role == nullptr) {
      return fail(refuse_role("the realm has no role " + name +
                              " that the operator may give; create it, or remove it here"));
    }
    missing.push_back(*role);
  }
  return missing;
}

Result<void> change_roles(AdminApi& api, const StoredClient& stored, const std::vector<std::string>& wanted,
                          const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::string user, api.service_account(Road::writes, stored.uuid, stop));
  ASSIGN_OR_RETURN(const std::vector<Role> present, api.roles(Road::writes, user, stop));
  ASSIGN_OR_RETURN(const std::vector<Role> missing, missing_roles(api, user, wanted, present, stop));
  std::vector<Role> surplus;
  for (const std::string& name : stored.mark->roles) {
    const bool kept = std::ranges::find(wanted, name) != wanted.end();
    if (const Role* role = find_role(present, name); role != nullptr && !kept) surplus.push_back(*role);
  }
  RETURN_IF_ERROR(api.add_roles(user, missing, stop));
  return api.drop_roles(user, surplus, stop);
}

/// We have given its service account roles, or were to.
bool has_roles_of_ours(const StoredClient& stored) {
  const auto& grants = stored.client.settings.grant_types;
  const bool has_service_account = std::ranges::find(grants, "client_credentials") != grants.end();
  return has_service_account && stored.mark && !stored.mark->roles.empty();
}

}  // namespace

Result<void> check_scopes(AdminApi& api, const std::vector<std::string>& scopes,
                          const std::stop_token& stop) {
  if (scopes.empty()) return {};
  ASSIGN_OR_RETURN(const auto known, api.client_scopes(stop));
  for (const std::string& scope : scopes) {
    if (known.contains(scope)) continue;
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "scopes: the realm has no client scope " + scope +
                                 "; create it there, or remove it from spec.scopes",
                      .code = "unknown_scope"});
  }
  return {};
}

Result<bool> give_scopes(AdminApi& api, const StoredClient& stored, const std::vector<std::string>& scopes,
                         const std::stop_token& stop) {
  const SetChange change = scope_change(stored, scopes);
  if (change.missing.empty() && change.surplus.empty()) return false;
  ASSIGN_OR_RETURN(const auto known, api.client_scopes(stop));
  for (const std::string& scope : change.missing) {
    const auto id = known.find(scope);
    if (id != known.end()) RETURN_IF_ERROR(api.add_scope(stored.uuid, id->second, stop));
  }
  for (const std::string& scope : change.surplus) {
    const auto id = known.find(scope);
    if (id != known.end()) RETURN_IF_ERROR(api.drop_scope(stored.uuid, id->second, stop));
  }
  return true;
}

Result<void> give_roles(AdminApi& api, const StoredClient& stored, const ClientSettings& settings,
                        const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::vector<std::string> wanted, asked_roles(settings));
  if (!has_roles_of_ours(stored)) return {};
  auto changed = change_roles(api, stored, wanted, stop);
  if (!changed) return fail(explained(std::move(changed).error()));
  return changed;
}

Result<void> read_roles(AdminApi& api, Road road, StoredClient& stored, const std::stop_token& stop) {
  if (!has_roles_of_ours(stored)) return {};
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(const std::string user, api.service_account(road, stored.uuid, stop));
  auto present = api.roles(road, user, stop);
  if (!present && present.error().kind != ErrorKind::forbidden) return failure_of(std::move(present));
  for (const Role& role : present ? *present : std::vector<Role>()) names.push_back(role.name);
  set_present_roles(stored, names);
  return {};
}

}  // namespace apiclient::backend::keycloak
