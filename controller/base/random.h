#pragma once
// Randomness from the operating system, by way of OpenSSL. Thread-safe. Terminates the process when the
// generator fails: no operator should go on without it.

#include <string>

#include "base/secret.h"

namespace apiclient {

/// 256 bits as 43 characters of [A-Za-z0-9_-] (base64url): no encoding step can change it.
Secret random_secret();
/// 128 bits in lower-case hex, for operation and installation ids.
std::string random_id();
/// Uniform in [0, 1), for jitter.
double random_unit();

}  // namespace apiclient
