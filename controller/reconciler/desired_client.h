#pragma once
// From what a person declared and what the registry allows to what the registry should store. Pure.

#include <variant>

#include "api/api_client.h"
#include "api/client_registry.h"
#include "backend/client.h"
#include "reconciler/registry_directory.h"

namespace apiclient::reconciler {

struct DesiredClient {
  backend::ClientSettings settings;
  api::EffectiveSpec effective;
};

/// A refusal names the field, what is wrong and the fix.
std::variant<DesiredClient, Refusal> desired_client(const api::ApiClient& client,
                                                    const RegistrySnapshot& registry);

}  // namespace apiclient::reconciler
