#include "backend/registration_backend.h"

#include <string_view>
#include <utility>

#include "backend/call_deadlines.h"
#include "backend/client_management.h"
#include "backend/client_turns.h"
#include "backend/counted_backend.h"
#include "backend/registration_codec.h"
#include "backend/write_preconditions.h"
#include "telemetry/log.h"

namespace apiclient::backend {
namespace {

using registration::Answer;
using registration::is_unmanaged;
using registration::read_same_client;
using registration::refusal_of;

/// Fixed by the two RFCs.
constexpr Capabilities kCapabilities{.chooses_client_id = true, .chooses_secret = true, .max_secrets = 1};

Error invalid(std::string code, std::string message) {
  return {.kind = ErrorKind::invalid, .message = std::move(message), .code = std::move(code)};
}

Error cannot_update() {
  return invalid(
      "no_management",
      "the server cannot change a client (RFC 7592); take the change of the spec back, or delete the "
      "ApiClient and create it again");
}

Error cannot_delete() {
  return invalid("no_management",
                 "the server cannot delete a client (RFC 7592); have it deleted there, then give it up here");
}

Error cannot_disable() {
  return invalid("cannot_disable", "a server with dynamic registration cannot disable a client");
}

Error takes_no_given(std::string_view what) {
  return {.kind = ErrorKind::internal,
          .message = "this kind of registry takes no given " + std::string(what)};
}

Error token_refused(const RegistrationStore& store, const std::string& client_id) {
  return invalid(
      "registration_token_refused",
      "the server refuses the registration access token of client " + client_id +
          ": it has deleted the client, or the token has changed (RFC 7592 section 3); to have a new client "
          "registered, delete " +
          store.name_of(client_id));
}

RegisteredClient describe(const RegistrationRecord& record, ClientSettings settings) {
  RegisteredClient client{
      .settings = std::move(settings), .mark = record.mark, .stored_as = record.stored_as};
  if (record.credential.revision > 0) client.credentials.push_back(record.credential);
  return client;
}

/// What was answered to what was asked for.
void note_answer(RegistrationRecord& record, const Answer& answer) {
  record.answered = answer.digest;
  record.stored_as.reset();
  if (answer.settings != record.requested) record.stored_as = answer.settings;
}

class RegistrationBackend final : public Backend {
 public:
  RegistrationBackend(std::string name, RegistrationParts parts)
      : name_(std::move(name)),
        parts_(std::move(parts)),
        endpoint_(parts_.endpoint),
        management_(parts_.management, parts_.endpoint.origin) {}

  Result<RegistryInfo> probe(std::stop_token stop) override {
    ASSIGN_OR_RETURN(Endpoints endpoints, endpoint_.probe(stop));
    return RegistryInfo{.capabilities = kCapabilities, .endpoints = std::move(endpoints)};
  }

  Result<std::optional<RegisteredClient>> find(const std::string& client_id, std::stop_token stop) override {
    const auto turn = turns_.take(client_id);
    return find_once(client_id, stop);
  }

  Result<std::vector<std::string>> list_owned(const std::string& /*installation_id*/,
                                              std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "a server with dynamic registration cannot be searched");
  }

  Result<RegisteredClient> create(const ClientSettings& /*settings*/, const OwnershipMark& /*mark*/,
                                  const NewCredential* /*credential*/, std::stop_token /*stop*/) override {
    return fail(takes_no_given("id"));
  }

  Result<RegisteredClient> update(const ClientSettings& settings, const OwnershipMark& mark,
                                  const std::string& expected_uid, std::stop_token stop) override {
    const auto turn = turns_.take(settings.client_id);
    return update_once(settings, mark, expected_uid, stop);
  }

  Result<RegisteredClient> adopt(const ClientSettings& /*settings*/, const OwnershipMark& /*mark*/,
                                 const std::string& /*etag*/, std::stop_token /*stop*/) override {
    return fail(takes_no_given("client"));
  }

  Result<Credential> add_credential(const std::string& /*client_id*/, const std::string& /*expected_uid*/,
                                    const NewCredential& /*credential*/, std::stop_token /*stop*/) override {
    return fail(takes_no_given("secret"));
  }

  Result<Credential> replace_credential(const std::string& /*client_id*/, const std::string& /*expected_uid*/,
                                        const NewCredential& /*credential*/,
                                        std::stop_token /*stop*/) override {
    return fail(takes_no_given("secret"));
  }

  Result<Registration> rotate_credential(const std::string& /*client_id*/,
                                         const std::string& /*expected_uid*/, const NewCredential& /*wanted*/,
                                         std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "a client that was registered dynamically keeps its one secret");
  }

  Result<Registration> register_client(const ClientSettings& settings, const OwnershipMark& mark,
                                       const std::string& operation_id, std::stop_token stop) override {
    ASSIGN_OR_RETURN(Answer answer, endpoint_.register_client(settings, stop));
    RegistrationRecord record = record_of(answer, settings, mark, operation_id);
    const RegisteredClient client = describe(record, record.requested);
    // Even unwritten it is an answer: whoever publishes it waits for the record to be written.
    if (const auto saved = parts_.store.save(std::move(record), stop); !saved) {
      log_.warning(
          "registration not stored yet",
          {{"registry", name_}, {"client_id", client.settings.client_id}, {"error", saved.error().message}});
    }
    if (settings.has_secret() && answer.client_secret.empty()) {
      return without_secret(client.settings.client_id, mark.uid, stop);
    }
    return Registration{.client = client,
                        .value = settings.has_secret() ? std::move(answer.client_secret) : Secret()};
  }

  Result<void> retire_credential(const std::string& /*client_id*/, const std::string& /*credential_id*/,
                                 std::stop_token /*stop*/) override {
    return fail(ErrorKind::internal, "the secret of a dynamically registered client ends with the client");
  }

  Result<RegisteredClient> set_disabled(const std::string& /*client_id*/, const std::string& /*expected_uid*/,
                                        bool /*disabled*/, std::stop_token /*stop*/) override {
    return fail(cannot_disable());
  }

  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override {
    const auto turn = turns_.take(client_id);
    return remove_once(client_id, expected_uid, stop);
  }

 private:
  // Registration

  RegistrationRecord record_of(const Answer& answer, const ClientSettings& settings,
                               const OwnershipMark& mark, const std::string& operation_id) {
    RegistrationRecord record{.client_id = answer.settings.client_id, .mark = mark};
    record.requested = normalised(settings);
    record.requested.client_id = record.client_id;
    note_answer(record, answer);
    management_.take(record, answer);
    if (!settings.has_secret()) return record;
    record.credential = {.hint = hint_of(answer.client_secret),
                         .revision = mark.revision,
                         .operation_id = operation_id,
                         .created_at = answer.issued_at ? *answer.issued_at : parts_.clock.wall_now()};
    if (answer.secret_expires) {
      log_.warning("the server's secret expires; plan rotations before it does (spec.rotation.interval)",
                   {{"registry", name_}, {"client_id", record.client_id}});
    }
    return record;
  }

  Result<Registration> without_secret(const std::string& client_id, const std::string& uid,
                                      const std::stop_token& stop) {
    const auto turn = turns_.take(client_id);
    const auto removed = remove_once(client_id, uid, stop);
    if (!removed) {
      log_.warning("client without a secret left behind",
                   {{"registry", name_}, {"client_id", client_id}, {"error", removed.error().message}});
    }
    return fail(invalid("no_secret", "the server made a client without a secret, which was removed"));
  }

  // Look-up (RFC 7592 §2.1)

  Result<std::optional<RegisteredClient>> find_once(const std::string& client_id,
                                                    const std::stop_token& stop) {
    using Found = std::optional<RegisteredClient>;
    ASSIGN_OR_RETURN(std::optional<RegistrationRecord> record, parts_.store.find(client_id, stop));
    if (!record) return Found();
    if (record->management_uri.empty()) return Found(describe(*record, record->requested));
    ASSIGN_OR_RETURN(http::Response response,
                     management_.call(*record, http::Method::get, {}, kReadTimeout, stop));
    if (response.ok()) return after_read(std::move(*record), response, stop);
    if (is_unmanaged(response)) return Found(describe(*record, record->requested));
    Error error = refusal_of(response, *record);
    if (error.kind == ErrorKind::not_found) return Found();
    if (error.kind == ErrorKind::unauthorized) return after_refused(*record, stop);
    return fail(std::move(error));
  }

  Result<std::optional<RegisteredClient>> after_read(RegistrationRecord record, http::Response& response,
                                                     const std::stop_token& stop) {
    ASSIGN_OR_RETURN(Answer answer, read_same_client(response, record.client_id, record.requested));
    RegisteredClient client =
        describe(record, answer.digest == record.answered ? record.requested : std::move(answer.settings));
    // The token in use works, so no update has replaced it.
    const bool settles = record.pending == PendingCall::update;
    if (settles) record.pending = PendingCall::none;
    if (management_.renew(record, answer) || settles)
      RETURN_IF_ERROR(parts_.store.save(std::move(record), stop));
    return std::optional(std::move(client));
  }

  /// What a 401 means depends on what we did last: it is also said of a client that does not exist.
  Result<std::optional<RegisteredClient>> after_refused(const RegistrationRecord& record,
                                                        const std::stop_token& stop) {
    if (record.pending == PendingCall::none) return fail(token_refused(parts_.store, record.client_id));
    if (record.pending == PendingCall::update) note_left_behind(record.client_id);
    RETURN_IF_ERROR(parts_.store.remove(record.client_id, stop));
    return std::optional<RegisteredClient>();
  }

  // Update (RFC 7592 §2.2)

  Result<RegisteredClient> update_once(const ClientSettings& settings, const OwnershipMark& mark,
                                       const std::string& expected_uid, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::optional<RegistrationRecord> found, parts_.store.find(settings.client_id, stop));
    if (!found) return fail(ErrorKind::not_found, "there is no such client");
    RegistrationRecord& record = *found;
    RETURN_IF_ERROR(check_owner(record.mark, expected_uid));
    const bool same_wish = record.requested == normalised(settings);
    if (record.management_uri.empty() && !same_wish) return fail(cannot_update());
    if (record.management_uri.empty()) return note_mark(std::move(record), mark, stop);
    ASSIGN_OR_RETURN(std::string body, registration::write_metadata(settings, record.client_id));
    RETURN_IF_ERROR(note_pending(record, PendingCall::update, stop));
    auto response = management_.call(record, http::Method::put, std::move(body), kWriteTimeout, stop);
    if (!response) return fail(std::move(response).error());
    if (!response->ok()) return after_update_failed(std::move(record), *response, stop);
    ASSIGN_OR_RETURN(const Answer answer, read_same_client(*response, record.client_id, settings));
    management_.renew(record, answer);
    record.requested = normalised(settings);
    note_answer(record, answer);
    return note_mark(std::move(record), mark, stop);
  }

  Result<RegisteredClient> note_mark(RegistrationRecord record, const OwnershipMark& mark,
                                     const std::stop_token& stop) {
    record.mark = mark;
    record.pending = PendingCall::none;
    RegisteredClient client = describe(record, record.requested);
    RETURN_IF_ERROR(parts_.store.save(std::move(record), stop));
    return client;
  }

  Result<RegisteredClient> after_update_failed(RegistrationRecord record, const http::Response& response,
                                               const std::stop_token& stop) {
    Error error = is_unmanaged(response) ? cannot_update() : refusal_of(response, record);
    if (error.kind == ErrorKind::unauthorized) error = token_refused(parts_.store, record.client_id);
    // Nothing was done, so the token is as it was.
    if (!outcome_unknown(error)) RETURN_IF_ERROR(note_pending(record, PendingCall::none, stop));
    return fail(std::move(error));
  }

  // Removal (RFC 7592 §2.3)

  Result<void> remove_once(const std::string& client_id, const std::string& expected_uid,
                           const std::stop_token& stop) {
    ASSIGN_OR_RETURN(std::optional<RegistrationRecord> found, parts_.store.find(client_id, stop));
    if (!found) return {};
    RegistrationRecord& record = *found;
    RETURN_IF_ERROR(check_owner(record.mark, expected_uid));
    if (record.management_uri.empty()) return fail(cannot_delete());
    const PendingCall before = record.pending;
    if (before != PendingCall::removal) RETURN_IF_ERROR(note_pending(record, PendingCall::removal, stop));
    ASSIGN_OR_RETURN(const http::Response response,
                     management_.call(record, http::Method::del, {}, kWriteTimeout, stop));
    if (response.ok()) return parts_.store.remove(client_id, stop);
    Error error = is_unmanaged(response) ? cannot_delete() : refusal_of(response, record);
    if (error.kind == ErrorKind::not_found) return parts_.store.remove(client_id, stop);
    if (error.kind == ErrorKind::unauthorized) return after_removal_refused(std::move(record), before, stop);
    if (!outcome_unknown(error) && before != PendingCall::removal) {
      RETURN_IF_ERROR(note_pending(record, before, stop));
    }
    return fail(std::move(error));
  }

  /// The token is worthless: after a removal of ours the client is gone; after an update whose answer was
  /// lost nobody can remove it any more; else a person must look.
  Result<void> after_removal_refused(RegistrationRecord record, PendingCall before,
                                     const std::stop_token& stop) {
    if (before == PendingCall::removal) return parts_.store.remove(record.client_id, stop);
    if (before == PendingCall::none) {
      RETURN_IF_ERROR(note_pending(record, before, stop));
      return fail(token_refused(parts_.store, record.client_id));
    }
    note_left_behind(record.client_id);
    return parts_.store.remove(record.client_id, stop);
  }

  void note_left_behind(const std::string& client_id) {
    log_.warning("client left behind: its registration access token was lost with the answer to an update",
                 {{"registry", name_}, {"client_id", client_id}});
    parts_.metrics.registration_lost(name_);
  }

  // Records

  Result<void> note_pending(RegistrationRecord& record, PendingCall pending, const std::stop_token& stop) {
    record.pending = pending;
    return parts_.store.save(record.clone(), stop);
  }

  const std::string name_;
  const RegistrationParts parts_;
  RegistrationEndpoint endpoint_;
  registration::ClientManagement management_;
  const telemetry::Log log_;
  ClientTurns turns_;
};

}  // namespace

std::unique_ptr<Backend> make_registration_backend(std::string name, RegistrationParts parts) {
  telemetry::Metrics& metrics = parts.metrics;
  auto backend = std::make_unique<RegistrationBackend>(name, std::move(parts));
  return make_counted_backend(std::move(name), std::move(backend), metrics);
}

}  // namespace apiclient::backend
