#include "support/fake_backend.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

namespace apiclient::test {
namespace {

using backend::ClientSettings;
using backend::Credential;
using backend::NewCredential;
using backend::OwnershipMark;
using backend::RegisteredClient;
using backend::Verdict;

constexpr std::size_t kMaxSecrets = 3;

std::string_view name_of(BackendOperation operation) {
  switch (operation) {
    case BackendOperation::probe: return "probe";
    case BackendOperation::find: return "find";
    case BackendOperation::list: return "list";
    case BackendOperation::create: return "create";
    case BackendOperation::update: return "update";
    case BackendOperation::adopt: return "adopt";
    case BackendOperation::add_credential: return "add_credential";
    case BackendOperation::replace_credential: return "replace_credential";
    case BackendOperation::rotate_credential: return "rotate_credential";
    case BackendOperation::register_client: return "register_client";
    case BackendOperation::retire_credential: return "retire_credential";
    case BackendOperation::set_disabled: return "set_disabled";
    case BackendOperation::remove: return "remove";
    case BackendOperation::verify: return "verify";
  }
  return "?";
}

Error refusal(ErrorKind kind, int status_code, std::string code, std::string message) {
  return Error{
      .kind = kind, .message = std::move(message), .status_code = status_code, .code = std::move(code)};
}

Error precondition_failed() {
  return refusal(ErrorKind::conflict, 412, "precondition_failed", "the client belongs to another uid");
}

Error no_such_client() { return refusal(ErrorKind::not_found, 404, "not_found", "there is no such client"); }

Error revision_conflict() {
  return refusal(ErrorKind::conflict, 409, "revision_conflict", "a newer revision was seen");
}

Error no_secret_allowed() {
  return refusal(ErrorKind::invalid, 400, "invalid_request", "secret: this client has no secrets");
}

void see_revision(std::int64_t& highest, std::int64_t revision) { highest = std::max(highest, revision); }

bool owned_by(const FakeClient& client, const std::string& uid) {
  return client.registered.mark && client.registered.mark->uid == uid;
}

void touch(RegisteredClient& client) { client.etag = std::to_string(std::atoi(client.etag.c_str()) + 1); }

const Credential* find_credential(const RegisteredClient& client, const std::string& id) {
  const auto found = std::ranges::find(client.credentials, id, &Credential::id);
  return found == client.credentials.end() ? nullptr : &*found;
}

}  // namespace

void PrintTo(const BackendCall& call, std::ostream* out) {
  *out << name_of(call.operation) << '(' << call.client_id << ')';
}

FakeBackend::FakeBackend() {
  auto state = state_.lock();
  state->now = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
  state->info = {.capabilities = {.max_secrets = static_cast<int>(kMaxSecrets),
                                  .secrets_have_ids = true,
                                  .searchable_mark = true,
                                  .idempotency_key = true,
                                  .can_disable = true,
                                  .tells_last_use = true},
                 .endpoints = {.token = "http://registry.test/oauth2/token",
                               .jwks = "http://registry.test/.well-known/jwks.json"}};
}

void FakeBackend::fail_next(BackendOperation operation, Error error) {
  state_.lock()->failures[operation].push_back(std::move(error));
}
void FakeBackend::fail_all(Error error) { state_.lock()->down = std::move(error); }
void FakeBackend::recover() { state_.lock()->down.reset(); }
void FakeBackend::lose_reply_next(BackendOperation operation) {
  state_.lock()->lost_replies.insert(operation);
}
void FakeBackend::before_next(BackendOperation operation, std::function<void()> act) {
  state_.lock()->before[operation].push_back(std::move(act));
}
void FakeBackend::set_info(backend::RegistryInfo info) { state_.lock()->info = std::move(info); }
void FakeBackend::set_time(WallTime now) { state_.lock()->now = now; }
void FakeBackend::reject_next_verifications(int count) { state_.lock()->rejections = count; }
void FakeBackend::make_verdict_unknown(bool unknown) { state_.lock()->verdict_unknown = unknown; }

std::optional<FakeClient> FakeBackend::client(const std::string& client_id) const {
  const State state = state_.copy();
  const auto found = state.clients.find(client_id);
  return found == state.clients.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> FakeBackend::client_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, client] : state_.copy().clients) ids.push_back(id);
  return ids;
}

void FakeBackend::put(FakeClient client) {
  auto state = state_.lock();
  const std::string id = client.registered.settings.client_id;
  std::int64_t& highest = state->highest_revisions[id];
  highest = client.registered.mark ? client.registered.mark->revision : 0;
  for (const Credential& credential : client.registered.credentials) {
    see_revision(highest, credential.revision);
    if (!credential.operation_id.empty()) {
      state->operations[credential.operation_id] = {
          .client_id = id, .credential_id = credential.id, .value = client.values[credential.id]};
    }
  }
  state->clients[id] = std::move(client);
}

void FakeBackend::drop_secret(const std::string& client_id, const std::string& credential_id) {
  auto state = state_.lock();
  const auto found = state->clients.find(client_id);
  if (found == state->clients.end()) return;
  std::erase_if(found->second.registered.credentials,
                [&](const Credential& credential) { return credential.id == credential_id; });
  found->second.values.erase(credential_id);
  std::erase_if(state->operations,
                [&](const auto& entry) { return entry.second.credential_id == credential_id; });
}

void FakeBackend::drop(const std::string& client_id) {
  auto state = state_.lock();
  state->clients.erase(client_id);
  state->tombstones.erase(client_id);
  std::erase_if(state->operations, [&](const auto& entry) { return entry.second.client_id == client_id; });
}

void FakeBackend::drop_all() {
  auto state = state_.lock();
  state->clients.clear();
  state->highest_revisions.clear();
  state->tombstones.clear();
  state->operations.clear();
}

bool FakeBackend::accepts(const std::string& client_id, std::string_view value) const {
  const auto found = client(client_id);
  return found && !found->registered.disabled &&
         std::ranges::any_of(found->values, [&](const auto& entry) { return entry.second == value; });
}

std::vector<BackendCall> FakeBackend::calls() const { return state_.lock()->calls; }

int FakeBackend::count(BackendOperation operation) const {
  return static_cast<int>(std::ranges::count(calls(), operation, &BackendCall::operation));
}

void FakeBackend::clear_calls() { state_.lock()->calls.clear(); }

template <typename T>
Result<T> FakeBackend::call(BackendOperation operation, const std::string& client_id,
                            const std::stop_token& stop, const std::function<Result<T>(State&)>& act) {
  std::function<void()> before;
  {
    auto state = state_.lock();
    auto& waiting = state->before[operation];
    if (!waiting.empty()) {
      before = std::move(waiting.front());
      waiting.pop_front();
    }
  }
  if (before) before();
  auto state = state_.lock();
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "asked to stop");
  state->calls.push_back({operation, client_id});
  if (state->down) return fail(*state->down);
  auto& failures = state->failures[operation];
  if (!failures.empty()) {
    Error error = std::move(failures.front());
    failures.pop_front();
    return fail(std::move(error));
  }
  Result<T> outcome = act(*state);
  const auto lost = state->lost_replies.find(operation);
  if (lost == state->lost_replies.end()) return outcome;
  state->lost_replies.erase(lost);
  return fail(ErrorKind::unavailable, "the connection was closed before the answer came");
}

Result<backend::RegistryInfo> FakeBackend::probe(std::stop_token stop) {
  return call<backend::RegistryInfo>(
      BackendOperation::probe, {}, stop,
      [](State& state) -> Result<backend::RegistryInfo> { return state.info; });
}

Result<std::optional<RegisteredClient>> FakeBackend::find(const std::string& client_id,
                                                          std::stop_token stop) {
  using Found = std::optional<RegisteredClient>;
  return call<Found>(BackendOperation::find, client_id, stop, [&](State& state) -> Result<Found> {
    const auto found = state.clients.find(client_id);
    if (found == state.clients.end()) return Found();
    return Found(found->second.registered);
  });
}

Result<std::vector<std::string>> FakeBackend::list_owned(const std::string& installation_id,
                                                         std::stop_token stop) {
  using Ids = std::vector<std::string>;
  return call<Ids>(BackendOperation::list, {}, stop, [&](State& state) -> Result<Ids> {
    Ids ids;
    for (const auto& [id, client] : state.clients) {
      const auto& mark = client.registered.mark;
      if (mark && mark->installation_id == installation_id) ids.push_back(id);
    }
    return ids;
  });
}

Result<bool> FakeBackend::is_replay(const State& state, const std::string& client_id,
                                    const NewCredential& credential) {
  const auto known = state.operations.find(credential.operation_id);
  if (known == state.operations.end()) return false;
  if (known->second.deleted) {
    return fail(
        refusal(ErrorKind::conflict, 409, "deleted_operation", "what the operation made was deleted since"));
  }
  if (known->second.client_id != client_id || known->second.value != credential.value->reveal()) {
    return fail(refusal(ErrorKind::conflict, 409, "operation_conflict",
                        "the operation id was used for something else"));
  }
  return true;
}

Credential FakeBackend::store_secret(State& state, FakeClient& client, const NewCredential& credential) {
  RegisteredClient& registered = client.registered;
  const std::string& client_id = registered.settings.client_id;
  const Credential added{.id = "secret-" + std::to_string(state.next_id++),
                         .hint = hint_of(*credential.value),
                         .revision = credential.revision,
                         .operation_id = credential.operation_id,
                         .created_at = state.now};
  const std::string value(credential.value->reveal());
  state.operations[credential.operation_id] = {
      .client_id = client_id, .credential_id = added.id, .value = value};
  see_revision(state.highest_revisions[client_id], credential.revision);
  client.values[added.id] = value;
  registered.credentials.push_back(added);
  if (registered.mark) see_revision(registered.mark->revision, credential.revision);
  return added;
}

Result<RegisteredClient> FakeBackend::insert(State& state, FakeClient client,
                                             const NewCredential* credential) {
  const std::string id = client.registered.settings.client_id;
  if (credential != nullptr && !client.registered.settings.has_secret()) return fail(no_secret_allowed());
  const std::int64_t revision =
      std::max(client.registered.mark->revision, credential != nullptr ? credential->revision : 0);
  const auto tombstone = state.tombstones.find(id);
  const bool returns =
      tombstone != state.tombstones.end() && tombstone->second.uid == client.registered.mark->uid;
  if (returns && revision < tombstone->second.highest_revision) return fail(revision_conflict());
  state.highest_revisions[id] = revision;
  if (credential != nullptr) store_secret(state, client, *credential);
  return state.clients.emplace(id, std::move(client)).first->second.registered;
}

Result<RegisteredClient> FakeBackend::create(const ClientSettings& settings, const OwnershipMark& mark,
                                             const NewCredential* credential, std::stop_token stop) {
  const std::string& id = settings.client_id;
  return call<RegisteredClient>(
      BackendOperation::create, id, stop, [&](State& state) -> Result<RegisteredClient> {
        if (credential != nullptr) {
          ASSIGN_OR_RETURN(const bool replay, is_replay(state, id, *credential));
          if (replay) return state.clients.at(id).registered;
        }
        if (state.clients.contains(id)) {
          return fail(refusal(ErrorKind::already_exists, 409, "already_exists", "the client exists already"));
        }
        return insert(state, {.registered = {.settings = settings, .mark = mark, .etag = "1"}}, credential);
      });
}

Result<RegisteredClient> FakeBackend::update(const ClientSettings& settings, const OwnershipMark& mark,
                                             const std::string& expected_uid, std::stop_token stop) {
  const std::string& id = settings.client_id;
  return call<RegisteredClient>(BackendOperation::update, id, stop,
                                [&](State& state) -> Result<RegisteredClient> {
                                  const auto found = state.clients.find(id);
                                  if (found == state.clients.end()) return fail(no_such_client());
                                  if (!owned_by(found->second, expected_uid))
                                    return fail(precondition_failed());
                                  RegisteredClient& registered = found->second.registered;
                                  if (mark.installation_id != registered.mark->installation_id)
                                    return fail(precondition_failed());
                                  if (mark.revision < registered.mark->revision)
                                    return fail(revision_conflict());
                                  if (registered.settings == settings && registered.mark == mark)
                                    return registered;
                                  registered.settings = settings;
                                  registered.mark = mark;
                                  see_revision(state.highest_revisions[id], mark.revision);
                                  touch(registered);
                                  return registered;
                                });
}

Result<RegisteredClient> FakeBackend::adopt(const ClientSettings& settings, const OwnershipMark& mark,
                                            const std::string& etag, std::stop_token stop) {
  const std::string& id = settings.client_id;
  return call<RegisteredClient>(BackendOperation::adopt, id, stop,
                                [&](State& state) -> Result<RegisteredClient> {
                                  const auto found = state.clients.find(id);
                                  if (found == state.clients.end()) return fail(no_such_client());
                                  RegisteredClient& registered = found->second.registered;
                                  if (registered.etag != etag) return fail(precondition_failed());
                                  registered.settings = settings;
                                  registered.mark = mark;
                                  see_revision(registered.mark->revision, state.highest_revisions[id]);
                                  see_revision(state.highest_revisions[id], registered.mark->revision);
                                  touch(registered);
                                  return registered;
                                });
}

Result<Credential> FakeBackend::add_credential(const std::string& client_id, const std::string& expected_uid,
                                               const NewCredential& credential, std::stop_token stop) {
  return call<Credential>(BackendOperation::add_credential, client_id, stop, [&](State& state) {
    return put_secret(state, client_id, expected_uid, credential, false);
  });
}

Result<Credential> FakeBackend::replace_credential(const std::string& client_id,
                                                   const std::string& expected_uid,
                                                   const NewCredential& credential, std::stop_token stop) {
  return call<Credential>(BackendOperation::replace_credential, client_id, stop, [&](State& state) {
    return put_secret(state, client_id, expected_uid, credential, true);
  });
}

Result<Credential> FakeBackend::put_secret(State& state, const std::string& client_id,
                                           const std::string& expected_uid, const NewCredential& credential,
                                           bool replaces) {
  ASSIGN_OR_RETURN(const bool replay, is_replay(state, client_id, credential));
  const auto found = state.clients.find(client_id);
  if (found == state.clients.end()) return fail(no_such_client());
  if (!owned_by(found->second, expected_uid)) return fail(precondition_failed());
  RegisteredClient& registered = found->second.registered;
  if (replay) return *find_credential(registered, state.operations.at(credential.operation_id).credential_id);
  if (credential.revision <= state.highest_revisions[client_id]) return fail(revision_conflict());
  if (!registered.settings.has_secret()) return fail(no_secret_allowed());
  if (replaces) {
    for (const Credential& old : registered.credentials) state.operations[old.operation_id].deleted = true;
    registered.credentials.clear();
    found->second.values.clear();
  }
  const auto most = static_cast<std::size_t>(state.info.capabilities.max_secrets);
  if (registered.credentials.size() >= most) {
    return fail(refusal(ErrorKind::conflict, 409, "too_many_secrets", "the client has too many secrets"));
  }
  touch(registered);
  return store_secret(state, found->second, credential);
}

Result<backend::Registration> FakeBackend::rotate_credential(const std::string& client_id,
                                                             const std::string& expected_uid,
                                                             const NewCredential& wanted,
                                                             std::stop_token stop) {
  return call<backend::Registration>(
      BackendOperation::rotate_credential, client_id, stop,
      [&](State& state) -> Result<backend::Registration> {
        Secret value("made-by-the-registry-" + std::to_string(state.next_client++));
        const NewCredential credential{
            .operation_id = wanted.operation_id, .revision = wanted.revision, .value = &value};
        ASSIGN_OR_RETURN(const Credential added,
                         put_secret(state, client_id, expected_uid, credential, false));
        RegisteredClient& registered = state.clients.at(client_id).registered;
        registered.mark->revision = std::max(registered.mark->revision, added.revision);
        return backend::Registration{.client = registered, .value = std::move(value)};
      });
}

Result<backend::Registration> FakeBackend::register_client(const ClientSettings& settings,
                                                           const OwnershipMark& mark,
                                                           const std::string& operation_id,
                                                           std::stop_token stop) {
  return call<backend::Registration>(
      BackendOperation::register_client, {}, stop, [&](State& state) -> Result<backend::Registration> {
        const std::string number = std::to_string(state.next_client++);
        FakeClient client{.registered = {.settings = settings, .mark = mark, .etag = "1"}};
        client.registered.settings.client_id = "client-" + number;
        Secret value(settings.has_secret() ? "made-by-the-registry-" + number : "");
        const NewCredential credential{
            .operation_id = operation_id, .revision = mark.revision, .value = &value};
        ASSIGN_OR_RETURN(RegisteredClient stored,
                         insert(state, std::move(client), settings.has_secret() ? &credential : nullptr));
        return backend::Registration{.client = std::move(stored), .value = std::move(value)};
      });
}

Result<void> FakeBackend::retire_credential(const std::string& client_id, const std::string& credential_id,
                                            std::stop_token stop) {
  return call<void>(BackendOperation::retire_credential, client_id, stop, [&](State& state) -> Result<void> {
    const auto found = state.clients.find(client_id);
    if (found == state.clients.end()) return {};
    FakeClient& client = found->second;
    if (find_credential(client.registered, credential_id) == nullptr) return {};
    const bool all_older = state.info.capabilities.chooses_rotated_secret;
    const std::string newest = client.registered.credentials.back().id;
    std::set<std::string> ended;
    std::erase_if(client.registered.credentials, [&](const Credential& credential) {
      const bool ends = all_older ? credential.id != newest : credential.id == credential_id;
      if (ends) ended.insert(credential.id);
      return ends;
    });
    for (const std::string& id : ended) client.values.erase(id);
    touch(client.registered);
    for (auto& [id, operation] : state.operations) {
      if (ended.contains(operation.credential_id)) operation.deleted = true;
    }
    return {};
  });
}

Result<RegisteredClient> FakeBackend::set_disabled(const std::string& client_id,
                                                   const std::string& expected_uid, bool disabled,
                                                   std::stop_token stop) {
  return call<RegisteredClient>(BackendOperation::set_disabled, client_id, stop,
                                [&](State& state) -> Result<RegisteredClient> {
                                  const auto found = state.clients.find(client_id);
                                  if (found == state.clients.end()) return fail(no_such_client());
                                  if (!owned_by(found->second, expected_uid))
                                    return fail(precondition_failed());
                                  found->second.registered.disabled = disabled;
                                  touch(found->second.registered);
                                  return found->second.registered;
                                });
}

Result<void> FakeBackend::remove(const std::string& client_id, const std::string& expected_uid,
                                 std::stop_token stop) {
  return call<void>(BackendOperation::remove, client_id, stop, [&](State& state) -> Result<void> {
    const auto found = state.clients.find(client_id);
    if (found == state.clients.end()) return {};
    if (!owned_by(found->second, expected_uid)) return fail(precondition_failed());
    state.tombstones[client_id] = {.uid = found->second.registered.mark->uid,
                                   .highest_revision = state.highest_revisions[client_id]};
    state.clients.erase(found);
    for (auto& [id, operation] : state.operations) {
      if (operation.client_id == client_id) operation.deleted = true;
    }
    return {};
  });
}

Verdict FakeBackend::verify(const std::string& client_id, std::string_view value) {
  const bool accepted = accepts(client_id, value);
  auto state = state_.lock();
  state->calls.push_back({BackendOperation::verify, client_id});
  if (state->down || state->verdict_unknown) return Verdict::unknown;
  if (state->rejections > 0) {
    --state->rejections;
    return Verdict::rejected;
  }
  return accepted ? Verdict::accepted : Verdict::rejected;
}

Verdict FakeVerifier::verify(const ClientSettings& settings, const Secret& secret, std::stop_token stop) {
  if (stop.stop_requested()) return Verdict::unknown;
  return registry_.verify(settings.client_id, secret.reveal());
}

}  // namespace apiclient::test
