#pragma once
// Audit lines: one line of JSON on standard output for each action on a registry or on a Secret, whatever the
// level and the format of the log, which goes to standard error. docs/audit.md is the schema. Thread-safe.
// A Secret cannot become a member: there is no conversion.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace apiclient::telemetry {

enum class AuditAction {
  client_created,
  client_updated,
  client_disabled,
  client_enabled,
  client_removed,
  client_retained,    ///< the object has gone, the client stays as its policy says
  client_abandoned,   ///< the object has gone, and nobody knows whether the client has
  registration_lost,  ///< a client may be left in the registry whose id nobody has heard
  credential_lost,    ///< the client may have a secret that nobody has heard
  credential_added,
  credential_replaced,
  credential_retired,
  secret_staged,
  secret_unstaged,
  secret_published,
  secret_deleted,
};
/// "client.created".
std::string_view to_string(AuditAction action);

/// What is refused is not done and has no line.
enum class AuditOutcome {
  done,
  unknown,  ///< asked for, and the answer was lost: it may have been done
};
std::string_view to_string(AuditOutcome outcome);

/// Empty members are left out of the line.
struct AuditRecord {
  AuditAction action = AuditAction::client_created;
  AuditOutcome outcome = AuditOutcome::done;
  std::string namespace_name = {};  ///< of the ApiClient, as name and uid
  std::string name = {};
  std::string uid = {};
  std::string registry = {};
  std::string client_id = {};
  std::string secret = {};  ///< namespace/name of the Secret that was written
  std::int64_t revision = 0;
  std::string credential_id = {};
  std::string hint = {};    ///< the last 4 characters; a longer one is left out
  std::string reason = {};  ///< why, a constant
  std::string token = {};   ///< id of the token that asked for it
  std::string operation_id = {};
  std::string installation_id = {};
};

/// Call once before threads start.
void init_audit();
/// The line without its end. Pure.
std::string audit_line(const AuditRecord& record, WallTime time);
void write_audit(const AuditRecord& record);

}  // namespace apiclient::telemetry
