#pragma once
// Clients and their secrets, durable. Every write is one transaction, decided by write_rules.h inside it; an
// acknowledged write survives a crash. Thread-safe. Errors carry the problem's code; values of secrets are
// hashed here and go no further.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/client.h"
#include "registry/client_rows.h"
#include "registry/database.h"
#include "registry/secret_hasher.h"
#include "registry/write_rules.h"

namespace apiclient::registry {

struct NewSecret {
  std::string operation_id;
  std::int64_t revision = 0;
  Secret value;
  bool generated = false;  ///< by the registry: a repeat need not (and cannot) bring the same value
};

struct NewClient {
  ClientMetadata metadata;
  std::optional<OwnershipMark> mark;
  std::optional<NewSecret> secret;
  std::string operation_id;  ///< empty: not repeatable
};

/// A write's outcome, or the stored one of the same operation.
template <typename T>
struct Written {
  T value;
  bool replayed = false;
};

struct ClientPage {
  std::vector<ClientRecord> clients;
  std::string last;  ///< where the next page begins; empty at the end
};

/// What the token endpoint needs to know.
struct Authenticable {
  ClientMetadata metadata;
  bool disabled = false;
  std::vector<SecretHash> secrets;
};

/// What becomes of the other secrets of a client that gets a new one.
enum class Others { keep, end };

using LastUse = std::pair<std::string, WallTime>;  ///< secret id, time

struct ClientStoreOptions {
  std::size_t max_secrets = 3;                  ///< per client
  std::chrono::hours remember_deleted{7 * 24};  ///< operation ids and revisions of deleted clients
};

class ClientStore {
 public:
  /// References are not owned and live longer.
  ClientStore(Database& database, const SecretHasher& hasher, const Clock& clock, ClientStoreOptions options)
      : database_(database), hasher_(hasher), clock_(clock), options_(options) {}

  Result<Written<ClientRecord>> create(const NewClient& request);
  /// Everything but the secrets; without a mark the stored one stays. Nothing is written when nothing
  /// changes.
  Result<ClientRecord> replace(const ClientMetadata& metadata, const std::optional<OwnershipMark>& mark,
                               const Preconditions& preconditions);
  /// Disabled or enabled; secrets stay. Nothing is written when the client is so already.
  Result<ClientRecord> set_disabled(std::string_view client_id, bool disabled,
                                    const Preconditions& preconditions);
  /// `uid`, when given, must be the mark's.
  Result<void> remove(std::string_view client_id, const std::optional<std::string>& uid);

  Result<Written<SecretRecord>> add_secret(std::string_view client_id, const NewSecret& secret,
                                           const Preconditions& preconditions, Others others = Others::keep);
  Result<void> remove_secret(std::string_view client_id, std::string_view secret_id,
                             const Preconditions& preconditions);

  Result<std::optional<ClientRecord>> find(std::string_view client_id);
  Result<ClientPage> list(PageQuery page);
  Result<std::optional<Authenticable>> find_authenticable(std::string_view client_id);
  Result<RowCounts> count();
  Result<void> record_last_used(const std::vector<LastUse>& uses);
  /// Per client.
  [[nodiscard]] std::size_t max_secrets() const { return options_.max_secrets; }

 private:
  [[nodiscard]] OperationRecord operation_of(std::string_view client_id, std::string_view operation_id,
                                             const NewSecret* secret) const;
  Result<Written<ClientRecord>> create_in(Connection& connection, const NewClient& request,
                                          const OperationRecord& operation);
  Result<Written<SecretRecord>> add_secret_in(Connection& connection, ClientRow row, const NewSecret& secret,
                                              const OperationRecord& operation, Others others);
  Result<ClientRecord> insert(Connection& connection, const NewClient& request);
  SecretRecord store_secret(Connection& connection, std::string_view client_id, const NewSecret& secret,
                            const OperationRecord& operation);

  Database& database_;
  const SecretHasher& hasher_;
  const Clock& clock_;
  const ClientStoreOptions options_;
};

}  // namespace apiclient::registry
