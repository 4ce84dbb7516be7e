#pragma once
// Reads what admin requests carry outside and inside their bodies. Pure functions; errors carry the problem's
// code.

#include <optional>
#include <string>

#include "http/server.h"
#include "json/json.h"
#include "registry/client_store.h"

namespace apiclient::registry {

/// The body as JSON: 415 when it is not said to be, 413 above 1 MiB, 400 when it is not readable.
Result<Json> read_json_body(const http::ServerRequest& request);

/// POST /clients: body and Idempotency-Key.
Result<NewClient> read_new_client(const http::ServerRequest& request);
/// POST /clients/{id}/secrets; a missing value is made here.
Result<NewSecret> read_new_secret(const http::ServerRequest& request);

/// If-Match and Apiclient-Owner-Uid.
Preconditions read_preconditions(const http::ServerRequest& request);
/// limit, continue, search, owner.
Result<PageQuery> read_page_query(const http::ServerRequest& request);
/// What `continue` brings back.
std::string write_continue_token(const std::string& last_client_id);

/// The largest body that is read as JSON.
constexpr std::size_t kMaxAdminBodyBytes = 1U << 20U;

}  // namespace apiclient::registry
