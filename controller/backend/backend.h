#pragma once
// The registry behind one interface. Thread-safe; calls block until done, failed, stopped or their deadline.
// A call that mints, sets or deletes has a deadline of at most 4 s. Errors carry the registry's own error
// word in `code` and never a body. Kinds: unavailable and timeout (outcome unknown for a write), unauthorized
// and forbidden (our access to the registry), protocol (an answer that is not the registry's: HTML, garbage),
// throttled, already_exists, conflict (a precondition or a newer revision), invalid (the registry refuses the
// client's data).

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/capabilities.h"
#include "backend/client.h"
#include "base/result.h"

namespace apiclient::backend {

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// Reachable, issuer equal to ours (else `invalid` with code "issuer_mismatch"), our credentials accepted.
  virtual Result<RegistryInfo> probe(std::stop_token stop) = 0;

  /// Absent only after a definite 404.
  virtual Result<std::optional<RegisteredClient>> find(const std::string& client_id,
                                                       std::stop_token stop) = 0;

  /// Ids of all clients that bear the mark of this installation; all pages.
  virtual Result<std::vector<std::string>> list_owned(const std::string& installation_id,
                                                      std::stop_token stop) = 0;

  /// `credential` is null for clients without a secret. `already_exists`: some client has this id;
  /// `conflict` with code "deleted_operation": the operation belongs to a client that was deleted since.
  virtual Result<RegisteredClient> create(const ClientSettings& settings, const OwnershipMark& mark,
                                          const NewCredential* credential, std::stop_token stop) = 0;

  /// Replaces what is declared, keeps secrets. `conflict` when the stored mark has a higher revision or
  /// another uid than `expected_uid`.
  virtual Result<RegisteredClient> update(const ClientSettings& settings, const OwnershipMark& mark,
                                          const std::string& expected_uid, std::stop_token stop) = 0;

  /// Writes our mark on a client that has none, and what is declared; keeps secrets. `conflict` when the
  /// client was changed since it was read with this etag.
  virtual Result<RegisteredClient> adopt(const ClientSettings& settings, const OwnershipMark& mark,
                                         const std::string& etag, std::stop_token stop) = 0;

  /// The same operation and value again gives the stored result. `conflict` with code "revision_conflict": a
  /// newer revision was seen; with code "too_many_secrets": no slot is free.
  virtual Result<Credential> add_credential(const std::string& client_id, const std::string& expected_uid,
                                            const NewCredential& credential, std::stop_token stop) = 0;

  /// The secret becomes the client's only one, in one call: where Capabilities::max_secrets is 1. Repeats and
  /// conflicts as in add_credential.
  virtual Result<Credential> replace_credential(const std::string& client_id, const std::string& expected_uid,
                                                const NewCredential& credential, std::stop_token stop) = 0;

  /// One more secret, made by the server; the older ones stay. Where Capabilities::chooses_rotated_secret,
  /// and only there: `wanted` has no value. Conflicts as in add_credential. After an unknown outcome a secret
  /// may be left behind that nobody knows, until older ones are retired.
  virtual Result<Registration> rotate_credential(const std::string& client_id,
                                                 const std::string& expected_uid, const NewCredential& wanted,
                                                 std::stop_token stop) = 0;

  /// A new client whose id, and secret where it has one, the server makes: where
  /// Capabilities::chooses_client_id, and only there. The id in `settings` is not looked at. After an unknown
  /// outcome a client may be left behind that nobody can name.
  virtual Result<Registration> register_client(const ClientSettings& settings, const OwnershipMark& mark,
                                               const std::string& operation_id, std::stop_token stop) = 0;

  /// Absent is success. Where Capabilities::chooses_rotated_secret, all but the newest end with it.
  virtual Result<void> retire_credential(const std::string& client_id, const std::string& credential_id,
                                         std::stop_token stop) = 0;

  /// A disabled client gets no tokens and keeps its secrets. Where Capabilities::can_disable; `conflict` when
  /// the mark's uid is another one.
  virtual Result<RegisteredClient> set_disabled(const std::string& client_id, const std::string& expected_uid,
                                                bool disabled, std::stop_token stop) = 0;

  /// Absent is success; `conflict` when the mark's uid is another one.
  virtual Result<void> remove(const std::string& client_id, const std::string& expected_uid,
                              std::stop_token stop) = 0;
};

}  // namespace apiclient::backend
