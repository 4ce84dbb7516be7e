#pragma once
// What is wrong with a registry: in its object, in the Secrets that it names, or as a call to it has shown.
// Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/client_registry.h"
#include "base/error.h"

namespace apiclient::reconciler {

struct RegistryTrouble {
  std::string reason = {};
  std::string message = {};
  bool stalled = false;  ///< only a change of the registry object can help
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< what the server asked for
};

/// Only a change of the object can help.
RegistryTrouble stalled(std::string_view reason, std::string message);
/// Waits for something that is not the object.
RegistryTrouble waiting(std::string_view reason, std::string message);

/// What the spec asks for that this version cannot do, or what it lacks.
std::optional<RegistryTrouble> trouble_in(const api::ClientRegistrySpec& spec);
/// A call to the registry has failed.
RegistryTrouble trouble_of(const Error& error);
/// The connection cannot be made: by a mistake in the object, or in a Secret in `secrets_namespace` (a word
/// for people), which can be mended there.
RegistryTrouble trouble_of_connection(const api::ClientRegistrySpec& spec, const Error& error,
                                      const std::string& secrets_namespace);

}  // namespace apiclient::reconciler
