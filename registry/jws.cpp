#include "registry/jws.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "json/json.h"
#include "registry/cjose_pointers.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kMaxBytes = 16U << 10U;
constexpr std::size_t kMaxCandidates = 8;
constexpr std::size_t kMinRsaBits = 2048;
constexpr std::size_t kMaxRsaBits = 8192;  // larger ones only cost time
constexpr json::ParseLimits kLimits{.max_bytes = kMaxBytes, .max_depth = 8};

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<Json> decode_object(std::string_view part) {
  const auto text = base64url_decode(part);
  auto value = text ? json::parse(*text, kLimits) : fail(ErrorKind::protocol, "not base64url");
  if (!value || !value->is_object()) return std::nullopt;
  return *std::move(value);
}

/// RFC 7517 §4.2 to §4.4: absent members restrict nothing.
bool is_meant_for(const Json& key, const JwsHeader& header) {
  const bool right_use = !key.contains("use") || text_of(key, "use") == "sig";
  const bool right_algorithm = !key.contains("alg") || text_of(key, "alg") == header.alg;
  const bool right_id = header.kid.empty() || text_of(key, "kid") == header.kid;
  const auto operations = key.find("key_ops");
  const bool may_verify =
      operations == key.end() ||
      (operations->is_array() && std::ranges::find(*operations, Json("verify")) != operations->end());
  return right_use && right_algorithm && right_id && may_verify;
}

/// Only what a public key needs: whatever else is there is not our business.
std::optional<Json> public_members(const Json& key, const std::string& alg) {
  Json result;
  const auto copy = [&](const char* member) {
    result[member] = text_of(key, member);
    return !result[member].get_ref<const std::string&>().empty();
  };
  const bool elliptic = alg == "ES256" && text_of(key, "kty") == "EC" && text_of(key, "crv") == "P-256";
  if (elliptic && copy("kty") && copy("crv") && copy("x") && copy("y")) return result;
  const bool rsa = (alg == "RS256" || alg == "PS256") && text_of(key, "kty") == "RSA";
  if (rsa && copy("kty") && copy("n") && copy("e")) return result;
  return std::nullopt;
}

bool is_strong(const cjose_jwk_t* key) {
  if (cjose_jwk_get_kty(key, nullptr) != CJOSE_JWK_KTY_RSA) return true;
  const std::size_t bits = cjose_jwk_get_keysize(key, nullptr);
  return bits >= kMinRsaBits && bits <= kMaxRsaBits;
}

}  // namespace

std::optional<ParsedJws> parse_jws(std::string_view compact) {
  const auto first = compact.find('.');
  const auto second = compact.rfind('.');
  if (compact.size() > kMaxBytes || first == std::string_view::npos || first == second) return std::nullopt;
  const auto payload_part = compact.substr(first + 1, second - first - 1);
  const auto header = decode_object(compact.substr(0, first));
  const auto payload = decode_object(payload_part);
  if (!header || !payload || header->contains("crit")) return std::nullopt;
  return ParsedJws{.header = {.alg = text_of(*header, "alg"),
                              .kid = text_of(*header, "kid"),
                              .typ = text_of(*header, "typ")},
                   .payload = json::dump(*payload)};
}

std::vector<std::string> keys_for(const JwsHeader& header, std::string_view key_set) {
  std::vector<std::string> keys;
  const auto set = json::parse(key_set);
  if (!set || !set->is_object() || !set->contains("keys") || !(*set)["keys"].is_array()) return keys;
  for (const auto& key : (*set)["keys"]) {
    if (keys.size() == kMaxCandidates) break;
    if (!key.is_object() || !is_meant_for(key, header)) continue;
    if (const auto usable = public_members(key, header.alg)) keys.push_back(json::dump(*usable));
  }
  return keys;
}

bool is_signed_by(std::string_view compact, std::string_view public_jwk) {
  cjose_err error{};
  const KeyPointer key(cjose_jwk_import(public_jwk.data(), public_jwk.size(), &error));
  if (!key || !is_strong(key.get())) return false;
  const SignaturePointer signature(cjose_jws_import(compact.data(), compact.size(), &error));
  return signature && cjose_jws_verify(signature.get(), key.get(), &error);
}

}  // namespace apiclient::registry
