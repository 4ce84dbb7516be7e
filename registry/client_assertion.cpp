#include "registry/client_assertion.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "json/json.h"
#include "registry/jws.h"

namespace apiclient::registry {
namespace {

using namespace std::chrono_literals;

constexpr auto kTolerance = 30s;
constexpr auto kLongestLife = 10min;
constexpr auto kOldest = 1h;
constexpr std::size_t kMaxTokenIdBytes = 256;
constexpr double kLastSecond = 253'402'300'799;  // the end of the year 9999

Failure refused(std::string_view reason) {
  return fail(ErrorKind::unauthorized, "assertion: " + std::string(reason));
}

std::string text_of(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get<std::string>() : "";
}

/// NumericDate of RFC 7519 §2, in whole seconds.
std::optional<WallTime> time_of(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const auto seconds = found->get<double>();
  if (!(seconds >= 0 && seconds <= kLastSecond)) return std::nullopt;
  return WallTime(std::chrono::seconds(static_cast<std::int64_t>(std::floor(seconds))));
}

bool names_audience(const Json& claims, const std::vector<std::string>& audiences) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  const auto is_ours = [&](const Json& value) {
    return value.is_string() && std::ranges::find(audiences, value.get<std::string>()) != audiences.end();
  };
  return found->is_array() ? std::ranges::any_of(*found, is_ours) : is_ours(*found);
}

Result<void> check_not_future(const Json& claims, const char* name, WallTime now) {
  if (!claims.contains(name)) return {};
  const auto time = time_of(claims, name);
  if (!time) return refused(std::string(name) + " is not a time");
  if (*time > now + kTolerance) return refused(std::string(name) + " lies in the future");
  return {};
}

Result<WallTime> check_expiry(const Json& claims, WallTime now) {
  const auto expiry = time_of(claims, "exp");
  if (!expiry) return refused("exp is missing or not a time");
  if (*expiry + kTolerance <= now) return refused("exp is over");
  if (*expiry > now + kLongestLife + kTolerance) return refused("exp is more than ten minutes ahead");
  return *expiry + kTolerance;
}

}  // namespace

std::optional<std::string> claimed_client(std::string_view assertion) {
  const auto jws = parse_jws(assertion);
  const auto claims = jws ? json::parse(jws->payload) : fail(ErrorKind::protocol, "not a JWS");
  if (!claims) return std::nullopt;
  auto subject = text_of(*claims, "sub");
  return subject.empty() ? std::nullopt : std::optional(std::move(subject));
}

Result<AssertionClaims> check_assertion(std::string_view payload, const AssertionRules& rules) {
  ASSIGN_OR_RETURN(const Json claims, json::parse(payload));
  if (text_of(claims, "iss") != rules.client_id) return refused("iss is not the client");
  if (text_of(claims, "sub") != rules.client_id) return refused("sub is not the client");
  if (!names_audience(claims, rules.audiences)) return refused("aud is not this server");
  ASSIGN_OR_RETURN(const WallTime expires_at, check_expiry(claims, rules.now));
  for (const char* name : {"nbf", "iat"}) RETURN_IF_ERROR(check_not_future(claims, name, rules.now));
  if (const auto issued = time_of(claims, "iat"); issued && *issued + kOldest + kTolerance < rules.now)
    return refused("iat is more than an hour ago");
  auto token_id = text_of(claims, "jti");
  if (token_id.empty() || token_id.size() > kMaxTokenIdBytes)
    return refused("jti is missing or longer than 256 bytes");
  return AssertionClaims{.token_id = std::move(token_id), .expires_at = expires_at};
}

}  // namespace apiclient::registry
