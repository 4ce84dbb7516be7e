#include "backend/keycloak_backend.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "backend/counted_backend.h"
#include "backend/keycloak_api.h"
#include "backend/keycloak_codec.h"
#include "backend/keycloak_grants.h"
#include "backend/keycloak_secrets.h"
#include "backend/write_preconditions.h"
#include "base/random.h"
#include "json/reader.h"

namespace apiclient::backend {
namespace {

using keycloak::AdminApi;
using keycloak::Road;
using keycloak::RotationPolicy;
using keycloak::StoredClient;

/// Small enough for clients with key sets and many mappers.
constexpr std::size_t kPageSize = 100;

/// Fixed by the admin API but for what the realm's policy does to secrets, which our mark describes; the mark
/// is found by reading all clients (a search by attribute has to be allowed where the server is started).
Capabilities capabilities_under(const std::optional<RotationPolicy>& policy) {
  Capabilities can{.max_secrets = 1, .secrets_have_ids = true, .searchable_mark = true, .can_disable = true};
  if (!policy) return can;
  if (policy->lifetime.count() > 0) can.secret_lifetime = policy->lifetime;
  if (policy->grace.count() == 0) return can;
  can.max_secrets = 2;
  can.longest_overlap = policy->grace;
  return can;
}

/// The clients that are shown say whether we may see them and manage them.
Result<void> check_rights(const Json& page) {
  if (page.empty()) {
    return fail(ErrorKind::forbidden,
                "Keycloak shows the operator no client; give the service account of the operator's "
                "client the role view-clients of realm-management");
  }
  json::Problems problems;
  const json::Reader client(page.front(), problems);
  const auto manage = client.object("access").optional_boolean("manage");
  if (client.text("clientId").empty())
    return fail(ErrorKind::protocol, "the answer is not a list of clients");
  if (manage.value_or(true)) return {};
  return fail(ErrorKind::forbidden,
              "the operator may view clients and not manage them; give the service account of the "
              "operator's client the role manage-clients of realm-management");
}

class KeycloakBackend final : public Backend {
 public:
  explicit KeycloakBackend(const KeycloakParts& parts) : parts_(parts), api_(parts.reads, parts.writes) {}

  Result<RegistryInfo> probe(std::stop_token stop) override {
    ASSIGN_OR_RETURN(Endpoints endpoints, parts_.discovery.fetch(stop));
    ASSIGN_OR_RETURN(const Json page, api_.list(0, 1, stop));
    RETURN_IF_ERROR(check_rights(page));
    ASSIGN_OR_RETURN(const auto policy, api_.rotation_policy(Road::reads, stop));
    // Its version is shown to administrators of the whole server only.
    return RegistryInfo{.capabilities = capabilities_under(policy), .endpoints = std::move(endpoints)};
  }

  Result<std::optional<RegisteredClient>> find(const std::string& client_id, std::stop_token stop) override {
    ASSIGN_OR_RETURN(std::optional<StoredClient> stored, find_whole(Road::reads, client_id, stop));
    if (!stored) return std::optional<RegisteredClient>();
    return std::optional(std::move(stored->client));
  }

  Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                              std::stop_token stop) override {
    std::vector<std::string> all;
    for (std::size_t first = 0;; first += kPageSize) {
      ASSIGN_OR_RETURN(const Json page, api_.list(first, kPageSize, stop));
      if (first == 0) RETURN_IF_ERROR(check_rights(page));
      if (page.empty()) return all;
      ASSIGN_OR_RETURN(const std::vector<std::string> owned, keycloak::read_owned(page, installation_id));
      all.insert(all.end(), owned.begin(), owned.end());
    }
  }

  Result<RegisteredClient> create(const ClientSettings& settings, const OwnershipMark& mark,
                                  const NewCredential* credential, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const Json body,
                     keycloak::write_new_client(settings, mark, credential, parts_.clock.wall_now()));
    const ClientSettings wish = normalised(settings);
    RETURN_IF_ERROR(keycloak::check_scopes(api_, wish.scopes, stop));
    ASSIGN_OR_RETURN(const std::string uuid,
                     api_.create(body, credential != nullptr ? credential->value : nullptr, stop));
    ASSIGN_OR_RETURN(StoredClient stored, api_.get(uuid, stop));
    return give_and_read(std::move(stored), wish, stop);
  }

  Result<RegisteredClient> update(const ClientSettings& settings, const OwnershipMark& mark,
                                  const std::string& expected_uid, std::stop_token stop) override {
    ASSIGN_OR_RETURN(StoredClient stored, get_stored(settings.client_id, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, expected_uid));
    RETURN_IF_ERROR(check_revision(stored.mark->owner, mark.revision));
    const bool same = stored.client.settings == normalised(settings) && stored.mark->owner == mark;
    if (same) return std::move(stored.client);
    return rewrite(stored, settings, mark, stop);
  }

  Result<RegisteredClient> adopt(const ClientSettings& settings, const OwnershipMark& mark,
                                 const std::string& etag, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const StoredClient stored, get_stored(settings.client_id, stop));
    RETURN_IF_ERROR(check_adoptable(stored.client, etag));
    return rewrite(stored, settings, mark, stop);
  }

  Result<Credential> add_credential(const std::string& client_id, const std::string& expected_uid,
                                    const NewCredential& credential, std::stop_token stop) override {
    return set_secret(client_id, expected_uid, credential, true, stop);
  }

  Result<Credential> replace_credential(const std::string& client_id, const std::string& expected_uid,
                                        const NewCredential& credential, std::stop_token stop) override {
    return set_secret(client_id, expected_uid, credential, false, stop);
  }

  Result<Registration> rotate_credential(const std::string& /*client_id*/,
                                         const std::string& /*expected_uid*/, const NewCredential& /*wanted*/,
                                         std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "this kind of registry takes the secret that it is given");
  }

  Result<Registration> register_client(const ClientSettings& /*settings*/, const OwnershipMark& /*mark*/,
                                       const std::string& /*operation_id*/,
                                       std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "this kind of registry takes the id that it is given");
  }

  Result<void> retire_credential(const std::string& client_id, const std::string& credential_id,
                                 std::stop_token stop) override {
    ASSIGN_OR_RETURN(const std::optional<StoredClient> stored, api_.find(Road::writes, client_id, stop));
    if (!stored) return {};
    for (const Credential& present : stored->client.credentials) {
      if (present.id == credential_id) return end_secret(*stored, present, stop);
    }
    return {};
  }

  Result<RegisteredClient> set_disabled(const std::string& client_id, const std::string& expected_uid,
                                        bool disabled, std::stop_token stop) override {
    ASSIGN_OR_RETURN(StoredClient stored, get_stored(client_id, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, expected_uid));
    if (stored.client.disabled != disabled) {
      ASSIGN_OR_RETURN(stored,
                       send_update(stored, keycloak::rewrite_enabled(stored, !disabled), nullptr, stop));
    }
    RETURN_IF_ERROR(keycloak::read_roles(api_, Road::writes, stored, stop));
    return std::move(stored.client);
  }

  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override {
    ASSIGN_OR_RETURN(const std::optional<StoredClient> stored, api_.find(Road::writes, client_id, stop));
    if (!stored) return {};
    RETURN_IF_ERROR(check_owner(stored->client.mark, expected_uid));
    auto removed = api_.remove(stored->uuid, stop);
    if (!removed && removed.error().kind == ErrorKind::not_found) return {};
    return removed;
  }

 private:
  Result<RegisteredClient> rewrite(const StoredClient& stored, const ClientSettings& settings,
                                   const OwnershipMark& mark, const std::stop_token& stop) {
    const ClientSettings wish = normalised(settings);
    ASSIGN_OR_RETURN(const Json body, keycloak::rewrite_client(stored, wish, mark));
    RETURN_IF_ERROR(keycloak::check_scopes(api_, keycloak::scope_change(stored, wish.scopes).missing, stop));
    ASSIGN_OR_RETURN(StoredClient changed, send_update(stored, body, nullptr, stop));
    return give_and_read(std::move(changed), wish, stop);
  }

  /// Scopes and roles come last, when the mark tells which of them are ours.
  Result<RegisteredClient> give_and_read(StoredClient stored, const ClientSettings& wish,
                                         const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const bool scopes, keycloak::give_scopes(api_, stored, wish.scopes, stop));
    RETURN_IF_ERROR(keycloak::give_roles(api_, stored, wish, stop));
    if (scopes) {
      ASSIGN_OR_RETURN(stored, api_.get(stored.uuid, stop));
    }
    RETURN_IF_ERROR(keycloak::read_roles(api_, Road::writes, stored, stop));
    return std::move(stored.client);
  }

  Result<Credential> set_secret(const std::string& client_id, const std::string& expected_uid,
                                const NewCredential& credential, bool keeps_newest,
                                const std::stop_token& stop) {
    ASSIGN_OR_RETURN(StoredClient stored, get_stored(client_id, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, expected_uid));
    ASSIGN_OR_RETURN(const bool stored_already, is_stored_already(stored.mark->credential, credential));
    if (stored_already) return *stored.mark->credential;
    if (keeps_newest) RETURN_IF_ERROR(put_newest_aside(stored, stop));
    return put_secret(std::move(stored), credential, stop);
  }

  /// So that it works on beside the next one. Never twice: the second time would end what was put aside.
  Result<void> put_newest_aside(StoredClient& stored, const std::stop_token& stop) {
    const bool is_aside = keycloak::was_put_aside_since(*stored.mark, stored.rotated_at);
    if (is_aside || stored.mark->newest_is_unknown) return {};
    // Whether the probe's policy is still there: without it the older secret would end with this call.
    ASSIGN_OR_RETURN(const auto policy, api_.rotation_policy(Road::writes, stop));
    if (capabilities_under(policy).max_secrets < 2) {
      return fail(conflict("rotation_policy_gone",
                           "the realm's rotation policy does not let two secrets work any more"));
    }
    ASSIGN_OR_RETURN(const bool is_newest, is_newest_secret(stored, stop));
    if (is_newest) RETURN_IF_ERROR(api_.regenerate_secret(stored.uuid, stop));
    const std::string uid = stored.mark->owner.uid;
    ASSIGN_OR_RETURN(stored, api_.get(stored.uuid, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, uid));
    // Keycloak counts in seconds: what was put aside in the same one as the one before looks the same.
    stored.mark->rotated_at.clear();
    return {};
  }

  /// Whether the secret that we know of as the newest one is that. False after a call of ours whose answer
  /// was lost, and after somebody else's.
  Result<bool> is_newest_secret(const StoredClient& stored, const std::stop_token& stop) {
    if (!stored.mark->credential || stored.mark->credential->hint.empty()) return true;
    ASSIGN_OR_RETURN(const Secret newest, api_.secret(stored.uuid, stop));
    return hint_of(newest) == stored.mark->credential->hint;
  }

  /// A rotation policy answers the first update after the secret's end with a secret of its own making, and
  /// keeps ours as the older one. The second update it takes as it is.
  Result<Credential> put_secret(StoredClient stored, const NewCredential& credential,
                                const std::stop_token& stop) {
    constexpr int kUpdates = 2;
    const WallTime now = parts_.clock.wall_now();
    for (int update = 0; update < kUpdates; ++update) {
      const Json body = keycloak::rewrite_secret(stored, credential, now);
      RETURN_IF_ERROR(send_update(stored, body, credential.value, stop));
      if (!stored.secret_may_end) return describe(credential, now);
      ASSIGN_OR_RETURN(const Secret newest, api_.secret(stored.uuid, stop));
      if (newest == *credential.value) return describe(credential, now);
      ASSIGN_OR_RETURN(stored, api_.get(stored.uuid, stop));
    }
    return fail(
        conflict("secret_not_kept", "the realm's rotation policy has put another secret in its place"));
  }

  /// An older one goes by itself; the newest can only be replaced.
  Result<void> end_secret(const StoredClient& stored, const Credential& secret, const std::stop_token& stop) {
    const bool newest_is_unknown = stored.mark && stored.mark->newest_is_unknown;
    const bool is_newest = !newest_is_unknown && secret.id == stored.client.credentials.back().id;
    if (!is_newest) return api_.drop_rotated_secret(stored.uuid, stop);
    if (!stored.secret_may_end) {
      return fail(Error{.kind = ErrorKind::invalid,
                        .message = "the only secret of a client of Keycloak can be replaced, not removed",
                        .code = "only_secret"});
    }
    const Secret nobody_knows = random_secret();
    RETURN_IF_ERROR(send_update(stored, keycloak::rewrite_unknown_secret(stored), &nobody_knows, stop));
    return {};
  }

  /// The client as it is then.
  Result<StoredClient> send_update(const StoredClient& stored, const Json& body, const Secret* value,
                                   const std::stop_token& stop) {
    RETURN_IF_ERROR(api_.update(stored.uuid, body, value, stop));
    return keycloak::with_changes(stored, body);
  }

  Result<std::optional<StoredClient>> find_whole(Road road, const std::string& client_id,
                                                 const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::optional<StoredClient> stored, api_.find(road, client_id, stop));
    if (stored) RETURN_IF_ERROR(keycloak::read_roles(api_, road, *stored, stop));
    return stored;
  }

  Result<StoredClient> get_stored(const std::string& client_id, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::optional<StoredClient> stored, find_whole(Road::writes, client_id, stop));
    if (!stored) return fail(ErrorKind::not_found, "there is no such client");
    return std::move(*stored);
  }

  const KeycloakParts parts_;
  AdminApi api_;
};

}  // namespace

std::unique_ptr<Backend> make_keycloak_backend(std::string name, const KeycloakParts& parts) {
  return make_counted_backend(std::move(name), std::make_unique<KeycloakBackend>(parts), parts.metrics);
}

}  // namespace apiclient::backend
