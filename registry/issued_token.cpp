#include "registry/issued_token.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "json/reader.h"
#include "registry/jws.h"

namespace apiclient::registry {
namespace {

constexpr std::string_view kType = "at+jwt";

bool is_ours(std::string_view token, const JwsHeader& header, std::string_view key_set) {
  return header.typ == kType && std::ranges::any_of(keys_for(header, key_set), [&](const std::string& key) {
           return is_signed_by(token, key);
         });
}

WallTime from_seconds(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace

std::optional<IssuedToken> read_issued_token(std::string_view token, std::string_view key_set,
                                             std::string_view issuer, WallTime now) {
  auto jws = parse_jws(token);
  if (!jws || !is_ours(token, jws->header, key_set)) return std::nullopt;
  const auto claims = json::parse(jws->payload);
  if (!claims) return std::nullopt;
  json::Problems problems;
  const json::Reader reader(*claims, problems);
  IssuedToken result{.token_id = reader.text("jti"),
                     .client_id = reader.text("client_id"),
                     .issued_at = from_seconds(reader.integer("iat")),
                     .expires_at = from_seconds(reader.integer("exp")),
                     .claims = std::move(jws->payload)};
  if (reader.text("iss") != issuer || !problems.all().empty() || result.expires_at <= now)
    return std::nullopt;
  return result;
}

}  // namespace apiclient::registry
