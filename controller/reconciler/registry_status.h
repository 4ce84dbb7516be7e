#pragma once
// From the outcome of a probe to the status of a registry. Pure.

#include <chrono>
#include <optional>
#include <string>

#include "api/client_registry.h"
#include "backend/capabilities.h"
#include "base/clock.h"
#include "reconciler/registry_trouble.h"

namespace apiclient::reconciler {

/// When the present trouble began: Ready of the status as read, else `now`.
WallTime trouble_began(const api::ClientRegistryStatus& status, WallTime now);

/// Delay before probe number `failures` + 1.
std::chrono::milliseconds probe_delay(int failures, const RegistryTrouble& trouble);

api::ClientRegistryStatus summarise_ready(const api::ClientRegistry& registry,
                                          const backend::RegistryInfo& info, WallTime now);
/// The registry can be used by those who name it, but it shares its default mark with `other`.
api::ClientRegistryStatus summarise_ambiguous(const api::ClientRegistry& registry,
                                              const backend::RegistryInfo& info, const std::string& other,
                                              WallTime now);
/// Counts one more failure and says when the next probe is made.
api::ClientRegistryStatus summarise_trouble(const api::ClientRegistry& registry,
                                            const RegistryTrouble& trouble, WallTime now);

}  // namespace apiclient::reconciler
