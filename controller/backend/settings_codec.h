#pragma once
// ClientSettings as JSON of our own: what the embedded registry's admin API speaks (docs/registry-api.md),
// and how settings are kept where a server cannot be asked for all of them. Pure functions. Reading
// normalises, so that what was written compares equal to what is read.

#include "backend/client.h"
#include "base/result.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend {

/// Error: invalid (`jwks` is not JSON).
Result<Json> write_settings(const ClientSettings& settings);
/// Mistakes are added to `problems`.
ClientSettings read_settings(const json::Reader& reader, json::Problems& problems);

}  // namespace apiclient::backend
