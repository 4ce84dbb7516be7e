#include "telemetry/audit.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/rfc3339.h"
#include "telemetry/quoted_text.h"

namespace apiclient::telemetry {
namespace {

constexpr std::size_t kMostHint = 4;

std::string_view message_of(AuditAction action) {
  switch (action) {
    case AuditAction::client_created: return "client created in the registry";
    case AuditAction::client_updated: return "client changed in the registry";
    case AuditAction::client_disabled: return "client disabled in the registry";
    case AuditAction::client_enabled: return "client enabled in the registry";
    case AuditAction::client_removed: return "client removed from the registry";
    case AuditAction::client_retained: return "client left in the registry";
    case AuditAction::client_abandoned: return "client given up: it may still be in the registry";
    case AuditAction::registration_lost:
      return "answer of a registration lost: its client may be in the registry";
    case AuditAction::credential_lost:
      return "answer of a rotation lost: the client may have a secret that nobody knows";
    case AuditAction::credential_replaced: return "secret of the client replaced in the registry";
    case AuditAction::credential_added: return "secret added to the client in the registry";
    case AuditAction::credential_retired: return "secret of the client removed from the registry";
    case AuditAction::secret_staged: return "staged Secret created";
    case AuditAction::secret_unstaged: return "staged Secret deleted";
    case AuditAction::secret_published: return "Secret written";
    case AuditAction::secret_deleted: return "Secret deleted";
  }
  return "";
}

void append_member(std::string& line, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  line.append(",\"").append(name).append("\":");
  append_quoted(line, text);
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stdout_logger_mt("apiclient.audit");
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::info);
  logger->flush_on(spdlog::level::info);
  return logger;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

}  // namespace

std::string_view to_string(AuditAction action) {
  switch (action) {
    case AuditAction::client_created: return "client.created";
    case AuditAction::client_updated: return "client.updated";
    case AuditAction::client_disabled: return "client.disabled";
    case AuditAction::client_enabled: return "client.enabled";
    case AuditAction::client_removed: return "client.removed";
    case AuditAction::client_retained: return "client.retained";
    case AuditAction::client_abandoned: return "client.abandoned";
    case AuditAction::registration_lost: return "registration.lost";
    case AuditAction::credential_lost: return "credential.lost";
    case AuditAction::credential_replaced: return "credential.replaced";
    case AuditAction::credential_added: return "credential.added";
    case AuditAction::credential_retired: return "credential.retired";
    case AuditAction::secret_staged: return "secret.staged";
    case AuditAction::secret_unstaged: return "secret.unstaged";
    case AuditAction::secret_published: return "secret.published";
    case AuditAction::secret_deleted: return "secret.deleted";
  }
  return "";
}

std::string_view to_string(AuditOutcome outcome) {
  switch (outcome) {
    case AuditOutcome::done: return "done";
    case AuditOutcome::unknown: return "unknown";
  }
  return "";
}

void init_audit() { (void)logger(); }

std::string audit_line(const AuditRecord& record, WallTime time) {
  std::string line = R"({"audit":true)";
  append_member(line, "time", format_rfc3339_micro(time));
  append_member(line, "action", to_string(record.action));
  append_member(line, "outcome", to_string(record.outcome));
  append_member(line, "message", message_of(record.action));
  append_member(line, "namespace", record.namespace_name);
  append_member(line, "name", record.name);
  append_member(line, "uid", record.uid);
  append_member(line, "registry", record.registry);
  append_member(line, "client_id", record.client_id);
  append_member(line, "secret", record.secret);
  if (record.revision > 0) line += fmt::format(",\"revision\":{}", record.revision);
  append_member(line, "credential_id", record.credential_id);
  if (record.hint.size() <= kMostHint) append_member(line, "hint", record.hint);
  append_member(line, "reason", record.reason);
  append_member(line, "token", record.token);
  append_member(line, "operation_id", record.operation_id);
  append_member(line, "installation_id", record.installation_id);
  return line + '}';
}

void write_audit(const AuditRecord& record) {
  const std::string line = audit_line(record, std::chrono::system_clock::now());
  logger().info(spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace apiclient::telemetry
