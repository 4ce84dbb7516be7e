#include "registry/admin_request.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/random.h"
#include "registry/client_codec.h"
#include "registry/client_rules.h"
#include "registry/problem.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 500;
constexpr std::string_view kJson = "application/json";

bool is_json(std::string_view content_type) {
  auto name = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return std::ranges::equal(name, kJson, {},
                            [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

std::optional<std::string> optional_header(const http::ServerRequest& request, std::string_view name) {
  const auto value = http::find_header(request.headers, name);
  return value.empty() ? std::nullopt : std::optional<std::string>(value);
}

/// The header and the body name one operation; either may be silent.
Result<std::string> operation_id_of(const http::ServerRequest& request, const std::string& in_body) {
  const std::string in_header(http::find_header(request.headers, "Idempotency-Key"));
  if (!in_header.empty() && !is_operation_id(in_header))
    return refuse(Problem::invalid_request,
                  "Idempotency-Key: must be 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  if (!in_header.empty() && !in_body.empty() && in_header != in_body)
    return refuse(Problem::invalid_request, "Idempotency-Key: differs from operation_id");
  return in_header.empty() ? in_body : in_header;
}

Result<std::size_t> read_limit(std::string_view text) {
  if (text.empty()) return kDefaultLimit;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit == 0)
    return refuse(Problem::invalid_request, "limit: must be a whole number from 1");
  return std::min(limit, kMaxLimit);
}

}  // namespace

Result<Json> read_json_body(const http::ServerRequest& request) {
  if (request.body.size() > kMaxAdminBodyBytes)
    return refuse(Problem::too_large, "the body is larger than 1 MiB");
  if (!is_json(http::find_header(request.headers, "Content-Type")))
    return refuse(Problem::unsupported_media_type, "Content-Type: must be application/json");
  auto body = json::parse(request.body, {.max_bytes = kMaxAdminBodyBytes, .max_depth = 32});
  if (!body) return refuse(Problem::invalid_request, body.error().message);
  return body;
}

Result<NewClient> read_new_client(const http::ServerRequest& request) {
  ASSIGN_OR_RETURN(const Json body, read_json_body(request));
  ASSIGN_OR_RETURN(ClientRequest client, read_client_request(body));
  ASSIGN_OR_RETURN(std::string operation_id,
                   operation_id_of(request, client.secret ? client.secret->operation_id : ""));
  NewClient result{.metadata = std::move(client.metadata),
                   .mark = std::move(client.mark),
                   .secret = {},
                   .operation_id = operation_id};
  if (!client.secret) return result;
  if (operation_id.empty()) return refuse(Problem::invalid_request, "secret.operation_id: is missing");
  if (!client.secret->value) return refuse(Problem::invalid_request, "secret.value: is missing");
  result.secret.emplace(NewSecret{.operation_id = std::move(operation_id),
                                  .revision = client.secret->revision,
                                  .value = std::move(*client.secret->value)});
  return result;
}

Result<NewSecret> read_new_secret(const http::ServerRequest& request) {
  ASSIGN_OR_RETURN(const Json body, read_json_body(request));
  ASSIGN_OR_RETURN(SecretRequest secret, read_secret_request(body));
  ASSIGN_OR_RETURN(std::string operation_id, operation_id_of(request, secret.operation_id));
  if (operation_id.empty()) return refuse(Problem::invalid_request, "operation_id: is missing");
  const bool generated = !secret.value;
  return NewSecret{.operation_id = std::move(operation_id),
                   .revision = secret.revision,
                   .value = generated ? random_secret() : std::move(*secret.value),
                   .generated = generated};
}

Preconditions read_preconditions(const http::ServerRequest& request) {
  return {.owner_uid = optional_header(request, "Apiclient-Owner-Uid"),
          .etag = optional_header(request, "If-Match")};
}

Result<PageQuery> read_page_query(const http::ServerRequest& request) {
  PageQuery page{.after = {},
                 .search = std::string(request.query_value("search")),
                 .owner = std::string(request.query_value("owner"))};
  ASSIGN_OR_RETURN(page.limit, read_limit(request.query_value("limit")));
  const auto token = request.query_value("continue");
  auto after = base64url_decode(token);
  if (!after || (!token.empty() && !is_client_id(*after)))
    return refuse(Problem::invalid_request, "continue: is not a token of this list");
  page.after = *std::move(after);
  return page;
}

std::string write_continue_token(const std::string& last_client_id) {
  return base64url_encode(last_client_id);
}

}  // namespace apiclient::registry
