#pragma once
// What a realm's client policies do to the secrets of clients: the executor `secret-rotation`. Pure
// functions.

#include <chrono>
#include <optional>

#include "base/result.h"
#include "json/json.h"

namespace apiclient::backend::keycloak {

struct RotationPolicy {
  std::chrono::seconds grace{0};     ///< so long a secret works on that Keycloak's "regenerate" has replaced
  std::chrono::seconds lifetime{0};  ///< so long after it was made a secret ends by itself

  bool operator==(const RotationPolicy&) const = default;
};

/// `profiles`, `policies`: as the Admin API gives them. Empty when none is certain to apply to every
/// confidential client; the shortest times where several may. Error: protocol.
Result<std::optional<RotationPolicy>> read_rotation_policy(const Json& profiles, const Json& policies);

}  // namespace apiclient::backend::keycloak
