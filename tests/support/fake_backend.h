#pragma once
// An embedded registry in memory with the semantics of the real one: operation ids, revisions, preconditions
// on the owner's uid, tombstones, at most three secrets. Switches break it; every call is recorded.
// Thread-safe.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/credential_verifier.h"
#include "backend/registry_connection.h"
#include "base/guarded.h"

namespace apiclient::test {

enum class BackendOperation {
  probe,
  find,
  list,
  create,
  update,
  adopt,
  add_credential,
  replace_credential,
  rotate_credential,
  register_client,
  retire_credential,
  set_disabled,
  remove,
  verify
};

struct BackendCall {
  BackendOperation operation;
  std::string client_id;  ///< empty for a probe

  bool operator==(const BackendCall&) const = default;
};
void PrintTo(const BackendCall& call, std::ostream* out);

/// What one client looks like on the fake's disk.
struct FakeClient {
  backend::RegisteredClient registered = {};
  std::map<std::string, std::string> values = {};  ///< secret by credential id
};

class FakeBackend final : public backend::Backend {
 public:
  FakeBackend();

  // --- switches ---
  /// The next call of this kind fails so and does nothing; several queue up.
  void fail_next(BackendOperation operation, Error error);
  /// Every call fails so until `recover`.
  void fail_all(Error error);
  void recover();
  /// The next call of this kind is carried out, but its answer is lost (`unavailable`).
  void lose_reply_next(BackendOperation operation);
  /// Runs before the next call of this kind, without locks: for what somebody else does in between.
  void before_next(BackendOperation operation, std::function<void()> act);
  /// What `probe` answers from now on; how many secrets a client may have is kept to.
  void set_info(backend::RegistryInfo info);
  void set_time(WallTime now);
  void reject_next_verifications(int count);
  void make_verdict_unknown(bool unknown);

  // --- the world ---
  [[nodiscard]] std::optional<FakeClient> client(const std::string& client_id) const;
  [[nodiscard]] std::vector<std::string> client_ids() const;
  /// Stores a client as it is; an empty mark makes it nobody's.
  void put(FakeClient client);
  /// Takes one secret away, as an administrator of the registry might; no tombstone stays.
  void drop_secret(const std::string& client_id, const std::string& credential_id);
  void drop(const std::string& client_id);
  /// An emptied database: clients, tombstones and operations are gone.
  void drop_all();
  /// Whether one of the client's secrets has this value.
  [[nodiscard]] bool accepts(const std::string& client_id, std::string_view value) const;

  // --- the record ---
  [[nodiscard]] std::vector<BackendCall> calls() const;
  [[nodiscard]] int count(BackendOperation operation) const;
  void clear_calls();

  Result<backend::RegistryInfo> probe(std::stop_token stop) override;
  Result<std::optional<backend::RegisteredClient>> find(const std::string& client_id,
                                                        std::stop_token stop) override;
  Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                              std::stop_token stop) override;
  Result<backend::RegisteredClient> create(const backend::ClientSettings& settings,
                                           const backend::OwnershipMark& mark,
                                           const backend::NewCredential* credential,
                                           std::stop_token stop) override;
  Result<backend::RegisteredClient> update(const backend::ClientSettings& settings,
                                           const backend::OwnershipMark& mark,
                                           const std::string& expected_uid, std::stop_token stop) override;
  Result<backend::RegisteredClient> adopt(const backend::ClientSettings& settings,
                                          const backend::OwnershipMark& mark, const std::string& etag,
                                          std::stop_token stop) override;
  Result<backend::Credential> add_credential(const std::string& client_id, const std::string& expected_uid,
                                             const backend::NewCredential& credential,
                                             std::stop_token stop) override;
  Result<backend::Credential> replace_credential(const std::string& client_id,
                                                 const std::string& expected_uid,
                                                 const backend::NewCredential& credential,
                                                 std::stop_token stop) override;
  Result<backend::Registration> rotate_credential(const std::string& client_id,
                                                  const std::string& expected_uid,
                                                  const backend::NewCredential& wanted,
                                                  std::stop_token stop) override;
  Result<backend::Registration> register_client(const backend::ClientSettings& settings,
                                                const backend::OwnershipMark& mark,
                                                const std::string& operation_id,
                                                std::stop_token stop) override;
  Result<void> retire_credential(const std::string& client_id, const std::string& credential_id,
                                 std::stop_token stop) override;
  Result<backend::RegisteredClient> set_disabled(const std::string& client_id,
                                                 const std::string& expected_uid, bool disabled,
                                                 std::stop_token stop) override;
  Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                      std::stop_token stop) override;
  backend::Verdict verify(const std::string& client_id, std::string_view value);

 private:
  /// What an operation id was used for.
  struct Operation {
    std::string client_id = {};
    std::string credential_id = {};
    std::string value = {};
    bool deleted = false;
  };
  /// What stays of a deleted client.
  struct Tombstone {
    std::string uid = {};
    std::int64_t highest_revision = 0;
  };
  struct State {
    std::map<std::string, FakeClient> clients = {};
    std::map<std::string, std::int64_t> highest_revisions = {};  ///< of marks and secrets, by client id
    std::map<std::string, Tombstone> tombstones = {};            ///< by client id
    std::map<std::string, Operation> operations = {};
    std::map<BackendOperation, std::deque<Error>> failures = {};
    std::optional<Error> down = {};
    std::multiset<BackendOperation> lost_replies = {};
    std::map<BackendOperation, std::deque<std::function<void()>>> before = {};
    std::vector<BackendCall> calls = {};
    backend::RegistryInfo info = {};
    WallTime now = {};
    int next_id = 1;
    int next_client = 1;  ///< of those whose ids are picked here
    int rejections = 0;
    bool verdict_unknown = false;
  };

  template <typename T>
  Result<T> call(BackendOperation operation, const std::string& client_id, const std::stop_token& stop,
                 const std::function<Result<T>(State&)>& act);
  /// Adds one, or leaves no other.
  static Result<backend::Credential> put_secret(State& state, const std::string& client_id,
                                                const std::string& expected_uid,
                                                const backend::NewCredential& credential, bool replaces);
  /// True: the operation was carried out before and is repeated exactly.
  static Result<bool> is_replay(const State& state, const std::string& client_id,
                                const backend::NewCredential& credential);
  static backend::Credential store_secret(State& state, FakeClient& client,
                                          const backend::NewCredential& credential);
  static Result<backend::RegisteredClient> insert(State& state, FakeClient client,
                                                  const backend::NewCredential* credential);

  mutable Guarded<State> state_;
};

/// Asks the fake; its switches are there too.
class FakeVerifier final : public backend::CredentialVerifier {
 public:
  explicit FakeVerifier(FakeBackend& registry) : registry_(registry) {}
  backend::Verdict verify(const backend::ClientSettings& settings, const Secret& secret,
                          std::stop_token stop) override;

 private:
  FakeBackend& registry_;
};

/// Both behind the interface that the reconciler gets. `registry` is not owned: it outlives connections, as a
/// real registry does.
class FakeConnection final : public backend::RegistryConnection {
 public:
  explicit FakeConnection(FakeBackend& registry) : registry_(registry), verifier_(registry) {}
  Result<backend::RegistryInfo> probe(std::stop_token stop) override {
    return registry_.probe(std::move(stop));
  }
  backend::Backend& backend() override { return registry_; }
  backend::CredentialVerifier& verifier() override { return verifier_; }
  [[nodiscard]] bool circuit_open() const override { return circuit_is_open; }

  bool circuit_is_open = false;

 private:
  FakeBackend& registry_;
  FakeVerifier verifier_;
};

}  // namespace apiclient::test
