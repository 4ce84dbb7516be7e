#include "reconciler/registry_failure.h"

#include "api/conditions.h"
#include "api/registry_id.h"
#include "backend/host_list.h"
#include "backend/request_governor.h"
#include "reconciler/state_loss_guard.h"

namespace apiclient::reconciler {

namespace reason = api::reason;

std::string_view registry_reason(const Error& error) {
  if (error.code == backend::kHostNotAllowedCode) return reason::kHostNotAllowed;
  switch (error.kind) {
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden: return reason::kCredentialsRefused;
    case ErrorKind::protocol:
    case ErrorKind::not_found: return reason::kUnexpectedAnswer;
    case ErrorKind::throttled: return reason::kThrottled;
    case ErrorKind::invalid:
      return error.code == "issuer_mismatch" ? reason::kIssuerMismatch : reason::kInvalidSpec;
    case ErrorKind::unavailable:
      if (error.code == kStateLostCode) return reason::kStateLost;
      return error.status_code >= 500 ? reason::kServerError : reason::kRegistryUnreachable;
    case ErrorKind::timeout:
    case ErrorKind::conflict:
    case ErrorKind::already_exists:
    case ErrorKind::cancelled:
    case ErrorKind::expired:
    case ErrorKind::internal: return reason::kRegistryUnreachable;
  }
  return reason::kRegistryUnreachable;
}

std::string registry_message(const std::string& registry, std::string_view why) {
  return "registry " + registry + " does not work (" + std::string(why) + "); see the conditions of " +
         api::registry_title(registry);
}

std::string failure_message(const std::string& registry, const Error& error) {
  return error.code == backend::kCircuitOpen ? registry_message(registry, registry_reason(error))
                                             : "registry " + registry + ": " + error.message;
}

bool is_registry_failure(const Error& error) {
  if (error.code == backend::kRateLimited) return false;
  switch (error.kind) {
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::protocol:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timeout: return true;
    case ErrorKind::not_found:
    case ErrorKind::invalid:
    case ErrorKind::conflict:
    case ErrorKind::already_exists:
    case ErrorKind::cancelled:
    case ErrorKind::expired:
    case ErrorKind::internal: return false;
  }
  return false;
}

}  // namespace apiclient::reconciler
