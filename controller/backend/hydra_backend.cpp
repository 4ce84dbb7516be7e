#include "backend/hydra_backend.h"

#include <array>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "backend/call_deadlines.h"
#include "backend/counted_backend.h"
#include "backend/hydra_codec.h"
#include "backend/hydra_page.h"
#include "backend/registry_error.h"
#include "backend/write_preconditions.h"
#include "http/uri.h"

namespace apiclient::backend {
namespace {

using hydra::StoredClient;
using std::chrono::milliseconds;

/// Where two writes belong together.
constexpr milliseconds kHalfWriteTimeout = kWriteAfterReadTimeout / 2;
constexpr std::string_view kClients = "/admin/clients";
/// Below the smallest limit of any version (500), and small enough for clients with key sets.
constexpr std::string_view kPageSize = "250";

/// Fixed by the admin API. One secret, which our mark describes; the mark is found by reading all clients.
constexpr Capabilities kCapabilities{.max_secrets = 1, .secrets_have_ids = true, .searchable_mark = true};
/// A server that keeps rotated secrets keeps five beside the newest.
constexpr Capabilities kWithRotation{
    .chooses_rotated_secret = true, .max_secrets = 6, .secrets_have_ids = true, .searchable_mark = true};
/// No client of anybody: it has characters that no id of ours can have.
constexpr std::string_view kNobody = "/admin/clients/apiclient.dev%20nobody";
constexpr std::string_view kRotation = "/secrets/rotate";

std::string path_of(std::string_view client_id) {
  return std::string(kClients).append("/").append(http::encode_segment(client_id));
}

class HydraBackend final : public Backend {
 public:
  explicit HydraBackend(const HydraParts& parts) : parts_(parts) {}

  Result<RegistryInfo> probe(std::stop_token stop) override {
    ASSIGN_OR_RETURN(Endpoints endpoints, parts_.discovery.fetch(stop));
    ASSIGN_OR_RETURN(const http::Response page, read(std::string(kClients) + "?page_size=1", stop));
    if (!page.ok()) return fail(list_error_of(page));
    if (auto list = hydra::read_client_page(page.body, ""); !list) return failure_of(std::move(list));
    // Some gateways let nothing but the clients through, and nobody needs the version.
    const auto version = read("/version", stop);
    ASSIGN_OR_RETURN(const bool rotates, keeps_rotated_secrets(stop));
    return RegistryInfo{.capabilities = rotates ? kWithRotation : kCapabilities,
                        .endpoints = std::move(endpoints),
                        .server_version = version && version->ok() ? hydra::read_server_version(version->body)
                                                                   : std::string()};
  }

  Result<std::optional<RegisteredClient>> find(const std::string& client_id, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const http::Response response, read(path_of(client_id), stop));
    ASSIGN_OR_RETURN(std::optional<StoredClient> stored, read_found(response, client_id));
    if (!stored) return std::optional<RegisteredClient>();
    return std::optional(std::move(stored->client));
  }

  Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                              std::stop_token stop) override {
    std::vector<std::string> all;
    std::set<std::string> seen;
    std::string next;
    do {
      // A server that leads in a circle would keep us for ever.
      if (!seen.insert(next).second) return fail(ErrorKind::protocol, "a page leads to itself");
      http::Query query;
      query.add("page_size", kPageSize);
      if (!next.empty()) query.add("page_token", next);
      ASSIGN_OR_RETURN(const http::Response response, read(std::string(kClients) + query.text(), stop));
      if (!response.ok()) return fail(list_error_of(response));
      ASSIGN_OR_RETURN(hydra::ClientPage page, hydra::read_client_page(response.body, installation_id));
      all.insert(all.end(), page.client_ids.begin(), page.client_ids.end());
      // Some versions name a next page for ever, which is empty.
      if (page.empty) break;
      next = hydra::next_page_token(http::find_header(response.headers, "Link"));
    } while (!next.empty());
    return all;
  }

  Result<RegisteredClient> create(const ClientSettings& settings, const OwnershipMark& mark,
                                  const NewCredential* credential, std::stop_token stop) override {
    ASSIGN_OR_RETURN(std::string body,
                     hydra::write_new_client(settings, mark, credential, parts_.clock.wall_now()));
    return write_client(http::Method::post, settings.client_id, std::move(body),
                        credential != nullptr ? credential->value : nullptr, stop);
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

  Result<Credential> add_credential(const std::string& /*client_id*/, const std::string& /*expected_uid*/,
                                    const NewCredential& /*credential*/, std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "a client of Ory Hydra has one secret, which can be replaced");
  }

  Result<Credential> replace_credential(const std::string& client_id, const std::string& expected_uid,
                                        const NewCredential& credential, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const StoredClient stored, get_stored(client_id, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, expected_uid));
    ASSIGN_OR_RETURN(const bool stored_already, is_stored_already(stored.mark->credential, credential));
    if (stored_already) return *stored.mark->credential;
    const WallTime now = parts_.clock.wall_now();
    RETURN_IF_ERROR(write_client(http::Method::put, client_id, hydra::rewrite_secret(stored, credential, now),
                                 credential.value, stop));
    return describe(credential, now);
  }

  /// The description first: should the reply be lost, the secret that nobody knows is counted.
  Result<Registration> rotate_credential(const std::string& client_id, const std::string& expected_uid,
                                         const NewCredential& wanted, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const StoredClient stored, get_stored(client_id, stop));
    RETURN_IF_ERROR(check_owner(stored.client.mark, expected_uid));
    for (const Credential& present : stored.client.credentials) {
      RETURN_IF_ERROR(is_stored_already(present, wanted));
    }
    ASSIGN_OR_RETURN(RegisteredClient client,
                     write_client(http::Method::put, client_id,
                                  hydra::describe_rotation(stored, wanted, parts_.clock.wall_now()), nullptr,
                                  stop, kHalfWriteTimeout));
    ASSIGN_OR_RETURN(http::Response response, send(parts_.writes,
                                                   {.method = http::Method::post,
                                                    .path = path_of(client_id).append(kRotation),
                                                    .timeout = kHalfWriteTimeout},
                                                   stop));
    if (!response.ok()) return fail(error_of(response));
    auto value = hydra::read_new_secret(response.body);
    wipe(response.body);
    if (!value) return failure_of(std::move(value));
    return Registration{.client = std::move(client), .value = std::move(*value)};
  }

  Result<Registration> register_client(const ClientSettings& /*settings*/, const OwnershipMark& /*mark*/,
                                       const std::string& /*operation_id*/,
                                       std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "this kind of registry takes the id that it is given");
  }

  Result<void> retire_credential(const std::string& client_id, const std::string& credential_id,
                                 std::stop_token stop) override {
    ASSIGN_OR_RETURN(const std::optional<StoredClient> stored, find_to_write(client_id, stop));
    if (!stored) return {};
    for (const Credential& present : stored->client.credentials) {
      if (present.id != credential_id) continue;
      const bool newest = &present == &stored->client.credentials.back();
      if (!newest) return end_older(*stored, client_id, stop);
      return fail(Error{.kind = ErrorKind::invalid,
                        .message = "the only secret of a client of Ory Hydra can be replaced, not removed",
                        .code = "only_secret"});
    }
    return {};
  }

  Result<RegisteredClient> set_disabled(const std::string& /*client_id*/, const std::string& /*expected_uid*/,
                                        bool /*disabled*/, std::stop_token /*stop*/) override {
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "Ory Hydra cannot disable a client",
                      .code = "cannot_disable"});
  }

  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override {
    ASSIGN_OR_RETURN(const std::optional<StoredClient> stored, find_to_write(client_id, stop));
    if (!stored) return {};
    RETURN_IF_ERROR(check_owner(stored->client.mark, expected_uid));
    ASSIGN_OR_RETURN(
        const http::Response response,
        send(parts_.writes,
             {.method = http::Method::del, .path = path_of(client_id), .timeout = kWriteAfterReadTimeout},
             stop));
    if (response.ok()) return {};
    Error error = error_of(response);
    if (error.kind == ErrorKind::not_found) return {};
    return fail(std::move(error));
  }

 private:
  /// A server without the operation has no such page; one that has it knows no such client.
  Result<bool> keeps_rotated_secrets(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const http::Response response, send(parts_.reads,
                                                         {.method = http::Method::del,
                                                          .path = std::string(kNobody).append(kRotation),
                                                          .timeout = kReadTimeout},
                                                         stop));
    if (response.ok()) return true;
    const Error error = oauth_error_from(response);
    // A gateway may let no more through than is needed.
    return error.kind == ErrorKind::not_found;
  }

  Result<RegisteredClient> rewrite(const StoredClient& stored, const ClientSettings& settings,
                                   const OwnershipMark& mark, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::string body, hydra::rewrite_client(stored, settings, mark));
    return write_client(http::Method::put, settings.client_id, std::move(body), nullptr, stop);
  }

  Result<void> end_older(const StoredClient& stored, const std::string& client_id,
                         const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const http::Response response, send(parts_.writes,
                                                         {.method = http::Method::del,
                                                          .path = path_of(client_id).append(kRotation),
                                                          .timeout = kHalfWriteTimeout},
                                                         stop));
    if (!response.ok()) return fail(error_of(response));
    RETURN_IF_ERROR(write_client(http::Method::put, client_id, hydra::forget_older(stored), nullptr, stop,
                                 kHalfWriteTimeout));
    return {};
  }

  /// What a write is based on.
  Result<std::optional<StoredClient>> find_to_write(const std::string& client_id,
                                                    const std::stop_token& stop) {
    ASSIGN_OR_RETURN(
        const http::Response response,
        send(parts_.writes, {.path = path_of(client_id), .timeout = kReadBeforeWriteTimeout}, stop));
    return read_found(response, client_id);
  }

  Result<StoredClient> get_stored(const std::string& client_id, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::optional<StoredClient> stored, find_to_write(client_id, stop));
    if (!stored) return fail(ErrorKind::not_found, "there is no such client");
    return std::move(*stored);
  }

  /// POST or PUT of a client. The answer repeats the secret, so it is wiped as the request is.
  Result<RegisteredClient> write_client(http::Method method, const std::string& client_id, std::string body,
                                        const Secret* value, const std::stop_token& stop,
                                        milliseconds timeout = kWriteAfterReadTimeout) {
    http::Request request{.method = method,
                          .path = method == http::Method::post ? std::string(kClients) : path_of(client_id),
                          .headers = {{"Content-Type", "application/json"}},
                          .body = std::move(body),
                          .timeout = timeout};
    ASSIGN_OR_RETURN(http::Response response, send(parts_.writes, std::move(request), stop));
    if (!response.ok()) {
      const std::array secrets{value != nullptr ? value->reveal() : std::string_view()};
      Error error = error_of(response, secrets);
      wipe(response.body);
      return fail(std::move(error));
    }
    auto stored = read_same_client(response.body, client_id);
    wipe(response.body);
    return std::move(stored).transform([](StoredClient&& read) { return std::move(read.client); });
  }

  Result<http::Response> read(std::string path, const std::stop_token& stop) {
    return send(parts_.reads, {.path = std::move(path), .timeout = kReadTimeout}, stop);
  }

  static Result<http::Response> send(http::Transport& transport, http::Request request,
                                     const std::stop_token& stop) {
    request.headers["Accept"] = "application/json";
    auto response = transport.send(request, stop);
    wipe(request.body);
    return response;
  }

  /// Some databases refuse one of two transactions at a time, be it one that reads, which Hydra calls a bad
  /// request.
  static Error error_of(const http::Response& response, std::span<const std::string_view> secrets = {}) {
    Error error = oauth_error_from(response, secrets);
    const bool raced = error.message.find("Unable to serialize access") != std::string::npos;
    if (error.kind == ErrorKind::invalid && raced) error.kind = ErrorKind::conflict;
    return error;
  }

  /// The list itself is always there, so "not found" is said by something else.
  static Error list_error_of(const http::Response& page) {
    Error error = error_of(page);
    if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::protocol;
    return error;
  }

  static Result<std::optional<StoredClient>> read_found(const http::Response& response,
                                                        const std::string& client_id) {
    if (response.ok()) {
      ASSIGN_OR_RETURN(StoredClient stored, read_same_client(response.body, client_id));
      return std::optional(std::move(stored));
    }
    Error error = error_of(response);
    if (error.kind == ErrorKind::not_found) return std::optional<StoredClient>();
    return fail(std::move(error));
  }

  /// An answer about another client is no answer: the URL may lead to something else that speaks JSON.
  static Result<StoredClient> read_same_client(std::string_view body, const std::string& client_id) {
    ASSIGN_OR_RETURN(StoredClient stored, hydra::read_client(body));
    if (stored.client.settings.client_id != client_id) {
      return fail(ErrorKind::protocol, "the answer is about another client");
    }
    return stored;
  }

  const HydraParts parts_;
};

}  // namespace

std::unique_ptr<Backend> make_hydra_backend(std::string name, const HydraParts& parts) {
  return make_counted_backend(std::move(name), std::make_unique<HydraBackend>(parts), parts.metrics);
}

}  // namespace apiclient::backend
