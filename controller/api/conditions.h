#pragma once
// Condition types and every reason that the operator sets, as constants. docs/conditions.md lists each with
// its fix.

#include <string_view>

namespace apiclient::api {

// Types.
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kReconciling = "Reconciling";
inline constexpr std::string_view kStalled = "Stalled";
inline constexpr std::string_view kRegistered = "Registered";
inline constexpr std::string_view kSecretPublished = "SecretPublished";
inline constexpr std::string_view kRotating = "Rotating";
inline constexpr std::string_view kPreviousSecretActive = "PreviousSecretActive";
inline constexpr std::string_view kRestartIncomplete = "RestartIncomplete";
inline constexpr std::string_view kDeletionBlocked = "DeletionBlocked";
inline constexpr std::string_view kInsecureTls = "InsecureTls";
inline constexpr std::string_view kOrphans = "Orphans";

namespace reason {

// All is well.
inline constexpr std::string_view kIssued = "Issued";
inline constexpr std::string_view kUpToDate = "UpToDate";
inline constexpr std::string_view kPublished = "Published";
inline constexpr std::string_view kReachable = "Reachable";

inline constexpr std::string_view kOverlap = "Overlap";
inline constexpr std::string_view kWaitingForOverlap = "WaitingForOverlap";
inline constexpr std::string_view kRollingOut = "RollingOut";
inline constexpr std::string_view kRestartTargetNotFound = "RestartTargetNotFound";
inline constexpr std::string_view kRestartTargetForbidden = "RestartTargetForbidden";
inline constexpr std::string_view kRolloutTimedOut = "RolloutTimedOut";
inline constexpr std::string_view kClockSkew = "ClockSkew";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kSuspended = "Suspended";
inline constexpr std::string_view kNotSupportedByRegistry = "NotSupportedByRegistry";

// Work goes on, or waits for another object or for the registry.
inline constexpr std::string_view kRetrying = "Retrying";
inline constexpr std::string_view kRegistryNotFound = "RegistryNotFound";
inline constexpr std::string_view kNoDefaultRegistry = "NoDefaultRegistry";
inline constexpr std::string_view kAmbiguousDefaultRegistry = "AmbiguousDefaultRegistry";
inline constexpr std::string_view kNamespaceNotAllowed = "NamespaceNotAllowed";
inline constexpr std::string_view kRegistryUnreachable = "RegistryUnreachable";
inline constexpr std::string_view kVerificationPending = "VerificationPending";
inline constexpr std::string_view kAdoptedClientNotFound = "AdoptedClientNotFound";
inline constexpr std::string_view kAdoptedSecretNotUsable = "AdoptedSecretNotUsable";

// A person must act on the ApiClient.
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kUnsupported = "Unsupported";
inline constexpr std::string_view kNamespacedRegistriesDisabled = "NamespacedRegistriesDisabled";
inline constexpr std::string_view kGrantTypeNotAllowed = "GrantTypeNotAllowed";
inline constexpr std::string_view kScopeNotAllowed = "ScopeNotAllowed";
inline constexpr std::string_view kAudienceNotAllowed = "AudienceNotAllowed";
inline constexpr std::string_view kParameterNotAllowed = "ParameterNotAllowed";
inline constexpr std::string_view kAdoptionNotAllowed = "AdoptionNotAllowed";
inline constexpr std::string_view kClientIdConflict = "ClientIdConflict";
inline constexpr std::string_view kOwnedElsewhere = "OwnedElsewhere";
inline constexpr std::string_view kSecretNameConflict = "SecretNameConflict";
inline constexpr std::string_view kSecretImmutable = "SecretImmutable";
inline constexpr std::string_view kSecretContended = "SecretContended";
inline constexpr std::string_view kSecretRefused = "SecretRefused";
inline constexpr std::string_view kCredentialRejected = "CredentialRejected";
inline constexpr std::string_view kRefusedByRegistry = "RefusedByRegistry";
inline constexpr std::string_view kRegistryChanged = "RegistryChanged";
inline constexpr std::string_view kRotationScheduleInvalid = "RotationScheduleInvalid";
inline constexpr std::string_view kRotationTooFrequent = "RotationTooFrequent";

// On a registry.
inline constexpr std::string_view kCredentialsNotFound = "CredentialsNotFound";
inline constexpr std::string_view kCredentialsNotUsable = "CredentialsNotUsable";
inline constexpr std::string_view kCredentialsRefused = "CredentialsRefused";
inline constexpr std::string_view kHostNotAllowed = "HostNotAllowed";
inline constexpr std::string_view kIssuerMismatch = "IssuerMismatch";
inline constexpr std::string_view kUnexpectedAnswer = "UnexpectedAnswer";
inline constexpr std::string_view kServerError = "ServerError";
inline constexpr std::string_view kThrottled = "Throttled";
inline constexpr std::string_view kStateLost = "StateLost";
inline constexpr std::string_view kInUse = "InUse";
inline constexpr std::string_view kInsecureSkipVerify = "InsecureSkipVerify";
inline constexpr std::string_view kOrphanedClients = "OrphanedClients";
inline constexpr std::string_view kOrphanedSecrets = "OrphanedSecrets";

}  // namespace reason
}  // namespace apiclient::api
