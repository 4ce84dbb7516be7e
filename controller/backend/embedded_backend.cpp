#include "backend/embedded_backend.h"

#include <array>
#include <string_view>
#include <utility>

#include "backend/call_deadlines.h"
#include "backend/counted_backend.h"
#include "backend/embedded_codec.h"
#include "backend/registry_error.h"
#include "http/uri.h"

namespace apiclient::backend {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kClients = "/admin/v1/clients";
constexpr std::string_view kPageSize = "500";

/// Fixed by the admin API but for the number of secrets, which the registry tells.
constexpr Capabilities kCapabilities{.secrets_have_ids = true,
                                     .searchable_mark = true,
                                     .idempotency_key = true,
                                     .can_disable = true,
                                     .tells_last_use = true};

std::string path_of(std::string_view client_id) {
  return std::string(kClients).append("/").append(http::encode_segment(client_id));
}

std::string path_of_secrets(std::string_view client_id) { return path_of(client_id) + "/secrets"; }

/// One call to the admin API.
struct Call {
  http::Method method = http::Method::get;
  std::string path;
  http::Headers headers = {};
  std::string body = {};          ///< wiped after the call
  const Secret* value = nullptr;  ///< the secret in the body
};

class EmbeddedBackend final : public Backend {
 public:
  explicit EmbeddedBackend(const EmbeddedParts& parts) : parts_(parts) {}

  Result<RegistryInfo> probe(std::stop_token stop) override {
    ASSIGN_OR_RETURN(Endpoints endpoints, parts_.discovery.fetch(stop));
    ASSIGN_OR_RETURN(const http::Response page, read(std::string(kClients) + "?limit=1", stop));
    if (!page.ok()) return fail(list_error_of(page));
    RegistryInfo info{.capabilities = kCapabilities, .endpoints = std::move(endpoints)};
    ASSIGN_OR_RETURN(info.server_version, embedded::read_server_version(page.body));
    ASSIGN_OR_RETURN(info.capabilities.max_secrets, embedded::read_max_secrets(page.body));
    return info;
  }

  Result<std::optional<RegisteredClient>> find(const std::string& client_id, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const http::Response response, read(path_of(client_id), stop));
    if (!response.ok()) {
      Error error = error_of(response);
      if (error.kind == ErrorKind::not_found) return std::optional<RegisteredClient>();
      return fail(std::move(error));
    }
    ASSIGN_OR_RETURN(RegisteredClient client, read_same_client(response, client_id));
    return std::optional(std::move(client));
  }

  Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                              std::stop_token stop) override {
    std::vector<std::string> all;
    std::string next;
    do {
      http::Query query;
      query.add("limit", kPageSize).add("owner", installation_id);
      if (!next.empty()) query.add("continue", next);
      ASSIGN_OR_RETURN(const http::Response response, read(std::string(kClients) + query.text(), stop));
      if (!response.ok()) return fail(list_error_of(response));
      ASSIGN_OR_RETURN(embedded::ClientPage page, embedded::read_client_page(response.body));
      // A server that repeats a page would keep us for ever.
      if (!page.next.empty() && page.next == next) return fail(ErrorKind::protocol, "a page follows itself");
      all.insert(all.end(), page.client_ids.begin(), page.client_ids.end());
      next = std::move(page.next);
    } while (!next.empty());
    return all;
  }

  Result<RegisteredClient> create(const ClientSettings& settings, const OwnershipMark& mark,
                                  const NewCredential* credential, std::stop_token stop) override {
    Call call{.method = http::Method::post, .path = std::string(kClients)};
    auto body = credential != nullptr ? embedded::write_client(settings, mark, *credential)
                                      : embedded::write_client(settings, mark);
    if (!body) return failure_of(std::move(body));
    call.body = std::move(*body);
    if (credential != nullptr) {
      call.headers["Idempotency-Key"] = credential->operation_id;
      call.value = credential->value;
    }
    ASSIGN_OR_RETURN(const http::Response response, write(std::move(call), stop));
    return read_same_client(response, settings.client_id);
  }

  Result<RegisteredClient> update(const ClientSettings& settings, const OwnershipMark& mark,
                                  const std::string& expected_uid, std::stop_token stop) override {
    RETURN_IF_ERROR(check_uid(expected_uid));
    return replace(settings, mark, {{"Apiclient-Owner-Uid", expected_uid}}, stop);
  }

  /// The registry has no precondition "without a mark", but an etag is of one state, which had none.
  Result<RegisteredClient> adopt(const ClientSettings& settings, const OwnershipMark& mark,
                                 const std::string& etag, std::stop_token stop) override {
    if (etag.empty()) return fail(ErrorKind::internal, "the client's etag is not known");
    return replace(settings, mark, {{"If-Match", "\"" + etag + "\""}}, stop);
  }

  Result<Credential> add_credential(const std::string& client_id, const std::string& expected_uid,
                                    const NewCredential& credential, std::stop_token stop) override {
    return put_secret(http::Method::post, client_id, expected_uid, credential, stop);
  }

  Result<Credential> replace_credential(const std::string& client_id, const std::string& expected_uid,
                                        const NewCredential& credential, std::stop_token stop) override {
    return put_secret(http::Method::put, client_id, expected_uid, credential, stop);
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
    const std::string path = path_of_secrets(client_id) + "/" + http::encode_segment(credential_id);
    return delete_once(path, stop);
  }

  Result<RegisteredClient> set_disabled(const std::string& client_id, const std::string& expected_uid,
                                        bool disabled, std::stop_token stop) override {
    const std::string operation = disabled ? "disable" : "enable";
    return set_disabled_once(client_id, expected_uid, operation, stop);
  }

  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override {
    RETURN_IF_ERROR(check_uid(expected_uid));
    return delete_once(path_of(client_id) + http::Query().add("uid", expected_uid).text(), stop);
  }

 private:
  Result<RegisteredClient> replace(const ClientSettings& settings, const OwnershipMark& mark,
                                   http::Headers preconditions, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::string body, embedded::write_client(settings, mark));
    ASSIGN_OR_RETURN(const http::Response response, write({.method = http::Method::put,
                                                           .path = path_of(settings.client_id),
                                                           .headers = std::move(preconditions),
                                                           .body = std::move(body)},
                                                          stop));
    return read_same_client(response, settings.client_id);
  }

  /// POST adds one, PUT leaves no other.
  Result<Credential> put_secret(http::Method method, const std::string& client_id,
                                const std::string& expected_uid, const NewCredential& credential,
                                const std::stop_token& stop) {
    RETURN_IF_ERROR(check_uid(expected_uid));
    ASSIGN_OR_RETURN(const http::Response response,
                     write({.method = method,
                            .path = path_of_secrets(client_id),
                            .headers = {{"Apiclient-Owner-Uid", expected_uid},
                                        {"Idempotency-Key", credential.operation_id}},
                            .body = embedded::write_secret(credential),
                            .value = credential.value},
                           stop));
    return embedded::read_secret(response.body);
  }

  Result<RegisteredClient> set_disabled_once(const std::string& client_id, const std::string& expected_uid,
                                             const std::string& operation, const std::stop_token& stop) {
    RETURN_IF_ERROR(check_uid(expected_uid));
    ASSIGN_OR_RETURN(const http::Response response,
                     write({.method = http::Method::post,
                            .path = path_of(client_id) + "/" + operation,
                            .headers = {{"Apiclient-Owner-Uid", expected_uid}}},
                           stop));
    return read_same_client(response, client_id);
  }

  Result<void> delete_once(std::string path, const std::stop_token& stop) {
    const auto response = write({.method = http::Method::del, .path = std::move(path)}, stop);
    if (!response && response.error().kind != ErrorKind::not_found) return fail(response.error());
    return {};
  }

  Result<http::Response> read(std::string path, const std::stop_token& stop) {
    return send(parts_.reads, {.path = std::move(path)}, kReadTimeout, stop);
  }

  /// Only 2xx answers are values.
  Result<http::Response> write(Call call, const std::stop_token& stop) {
    const Secret* value = call.value;
    if (!call.body.empty()) call.headers["Content-Type"] = "application/json";
    ASSIGN_OR_RETURN(http::Response response, send(parts_.writes, std::move(call), kWriteTimeout, stop));
    if (!response.ok()) return fail(error_of(response, value));
    return response;
  }

  Result<http::Response> send(http::Transport& transport, Call call, milliseconds timeout,
                              const std::stop_token& stop) {
    http::Request request{.method = call.method,
                          .path = std::move(call.path),
                          .headers = std::move(call.headers),
                          .body = std::move(call.body),
                          .timeout = timeout};
    request.headers["Accept"] = "application/json";
    auto response = transport.send(request, stop);
    wipe(request.body);
    return response;
  }

  [[nodiscard]] static Error error_of(const http::Response& response, const Secret* value = nullptr) {
    const std::array secrets{value != nullptr ? value->reveal() : std::string_view()};
    return error_from(response, secrets);
  }

  /// The list itself is always there, so "not found" is said by something else.
  [[nodiscard]] static Error list_error_of(const http::Response& page) {
    Error error = error_of(page);
    if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::protocol;
    return error;
  }

  /// The registry reads an empty uid as "no matter whose": that must never be asked by accident.
  static Result<void> check_uid(const std::string& expected_uid) {
    if (expected_uid.empty()) return fail(ErrorKind::internal, "the owner's uid is not known");
    return {};
  }

  /// An answer about another client is no answer: the URL may lead to something else that speaks JSON.
  static Result<RegisteredClient> read_same_client(const http::Response& response,
                                                   const std::string& client_id) {
    ASSIGN_OR_RETURN(RegisteredClient client, embedded::read_client(response.body));
    if (client.settings.client_id != client_id) {
      return fail(ErrorKind::protocol, "the answer is about another client");
    }
    return client;
  }

  const EmbeddedParts parts_;
};

}  // namespace

std::unique_ptr<Backend> make_embedded_backend(std::string name, const EmbeddedParts& parts) {
  return make_counted_backend(std::move(name), std::make_unique<EmbeddedBackend>(parts), parts.metrics);
}

}  // namespace apiclient::backend
