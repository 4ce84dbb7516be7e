#pragma once
// Reasons of Events that are no reasons of conditions. docs/conditions.md lists all Events. An Event about an
// object that is stalled, and one about a registry, has the reason of the condition.

#include <string_view>

namespace apiclient::api::event_reason {

inline constexpr std::string_view kIssued = "Issued";
inline constexpr std::string_view kUpdated = "Updated";
inline constexpr std::string_view kDriftCorrected = "DriftCorrected";
inline constexpr std::string_view kClientRestored = "ClientRestored";
inline constexpr std::string_view kCredentialRecovered = "CredentialRecovered";
inline constexpr std::string_view kRotated = "Rotated";
inline constexpr std::string_view kPreviousRetired = "PreviousRetired";
inline constexpr std::string_view kTokenRefused = "TokenRefused";
inline constexpr std::string_view kDeletionBlocked = "DeletionBlocked";
inline constexpr std::string_view kDeleted = "Deleted";
inline constexpr std::string_view kRetained = "Retained";
inline constexpr std::string_view kAbandoned = "Abandoned";

}  // namespace apiclient::api::event_reason
