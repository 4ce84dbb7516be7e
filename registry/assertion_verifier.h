#pragma once
// Whether an assertion proves its client (private_key_jwt: RFC 7523 §3): signed by one of the client's keys,
// says what it must, and was not used before. Thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/client.h"
#include "registry/jws.h"
#include "registry/key_set_cache.h"
#include "registry/used_assertions.h"
#include "telemetry/log.h"

namespace apiclient::registry {

class AssertionVerifier {
 public:
  /// Not owned, longer-lived.
  struct Parts {
    KeySetCache& key_sets;
    UsedAssertions& used;
    const Clock& clock;
  };
  /// `audiences`: what an assertion may be meant for; any of them.
  AssertionVerifier(const Parts& parts, std::vector<std::string> audiences)
      : parts_(parts), audiences_(std::move(audiences)) {}

  enum class Verdict { proven, refused, unknown };  ///< unknown: keys or store could not be read
  [[nodiscard]] Verdict verify(const ClientMetadata& client, std::string_view assertion) const;

 private:
  [[nodiscard]] Result<bool> is_signed(const ClientMetadata& client, std::string_view assertion,
                                       const JwsHeader& header) const;

  const Parts parts_;
  const std::vector<std::string> audiences_;
  const telemetry::Log log_;
};

}  // namespace apiclient::registry
