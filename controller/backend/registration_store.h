#pragma once
// What has to be remembered about a client that a server registered dynamically: the server cannot be
// searched, knows no owner, and changes the client only for who holds its registration access token (RFC 7592
// §2). Implementations are thread-safe for different clients; calls about one client follow one another.

#include <optional>
#include <stop_token>
#include <string>

#include "backend/client.h"
#include "base/result.h"
#include "base/secret.h"

namespace apiclient::backend {

/// A call to the server that has begun and whose outcome is not stored: it tells what a refused token means.
enum class PendingCall { none, update, removal };

/// One client of one registry. Move-only: it holds a secret.
struct RegistrationRecord {
  std::string client_id = {};
  OwnershipMark mark = {};
  Credential credential = {};  ///< its one secret, without the value; revision 0: it has none
  /// RFC 7592 registration_client_uri; empty: the server manages no clients.
  std::string management_uri = {};
  Secret access_token = {};
  ClientSettings requested = {};  ///< what was asked for last
  std::string answered = {};      ///< digest of what was answered to that (registration_codec.h)
  std::optional<ClientSettings> stored_as = {};  ///< as RegisteredClient::stored_as
  PendingCall pending = PendingCall::none;

  [[nodiscard]] RegistrationRecord clone() const;
};

class RegistrationStore {
 public:
  RegistrationStore() = default;
  RegistrationStore(const RegistrationStore&) = delete;
  RegistrationStore& operator=(const RegistrationStore&) = delete;
  virtual ~RegistrationStore() = default;

  /// What a person deletes to have a record forgotten, as a message names it.
  [[nodiscard]] virtual std::string name_of(const std::string& client_id) const = 0;
  /// Absent: never saved, or removed. What is not written yet is written first; an error when that fails.
  virtual Result<std::optional<RegistrationRecord>> find(const std::string& client_id,
                                                         std::stop_token stop) = 0;
  /// Kept in memory at once, then written. After an error it is kept, and written by the next flush or find.
  virtual Result<void> save(RegistrationRecord record, std::stop_token stop) = 0;
  /// Writes what save could not; success when there is nothing.
  virtual Result<void> flush(const std::string& client_id, std::stop_token stop) = 0;
  /// Absent is success.
  virtual Result<void> remove(const std::string& client_id, std::stop_token stop) = 0;
};

}  // namespace apiclient::backend
