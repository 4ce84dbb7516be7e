#include "registry/key_file.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "json/reader.h"
#include "registry/private_file.h"
#include "registry/token_signer.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kHashKeyBytes = 32;
// The longest lifetime that client_rules.cpp allows, and some.
constexpr std::chrono::hours kLongestOfAllLives{24 * 366 * 11};

Result<Secret> make_key_document() {
  ASSIGN_OR_RETURN(const Secret signing_key, make_signing_key());
  ASSIGN_OR_RETURN(Json jwk, json::parse(signing_key.reveal()));
  const Json document{
      {"version", 1}, {"hash_key", random_secret().reveal()}, {"signing_key", std::move(jwk)}};
  std::string text = json::dump(document) + "\n";
  Secret result(text);
  wipe(text);
  return result;
}

Result<Keys> read_key_document(const Secret& text) {
  ASSIGN_OR_RETURN(const Json document, json::parse(text.reveal()));
  json::Problems problems;
  const json::Reader reader(document, problems);
  if (reader.integer("version") != 1) problems.add("version", "must be 1");
  auto hash_key = base64url_decode(reader.text("hash_key"));
  if (!hash_key || hash_key->size() != kHashKeyBytes)
    problems.add("hash_key", "must be 32 bytes in base64url");
  if (!reader.raw("signing_key").is_object()) problems.add("signing_key", "must be a JWK");
  std::vector<PreviousKey> previous;
  reader.each("previous_signing_keys", [&](const json::Reader& key) {
    if (!key.raw("jwk").is_object()) problems.add(key.path() + ".jwk", "must be a JWK");
    previous.push_back({.public_jwk = json::dump(key.raw("jwk")), .retired_at = key.time("retired_at")});
  });
  RETURN_IF_ERROR(problems.result("read keys"));
  std::string jwk = json::dump(reader.raw("signing_key"));
  Keys keys{.hash_key = Secret(*hash_key), .signing_key = Secret(jwk), .previous = std::move(previous)};
  wipe(*hash_key);
  wipe(jwk);
  return keys;
}

/// The published form of a private key.
Result<Json> public_jwk_of(const Secret& private_jwk) {
  ASSIGN_OR_RETURN(const auto signer, TokenSigner::make(private_jwk));
  ASSIGN_OR_RETURN(const Json set, json::parse(signer->key_set()));
  return set.at("keys").at(0);
}

/// No token lives longer than this.
bool is_of_use(const PreviousKey& key, WallTime now) { return key.retired_at + kLongestOfAllLives > now; }

Json write_previous(const Json& public_jwk, WallTime retired_at) {
  return {{"jwk", public_jwk}, {"retired_at", format_rfc3339(retired_at)}};
}

/// The old document with a new key; all members that we do not know stay.
Result<Secret> rotate_in_document(const Secret& old, WallTime now) {
  ASSIGN_OR_RETURN(const Keys keys, read_key_document(old));
  ASSIGN_OR_RETURN(Json document, json::parse(old.reveal()));
  ASSIGN_OR_RETURN(const Secret fresh, make_signing_key());
  Json previous = Json::array();
  for (const auto& key : keys.previous) {
    if (!is_of_use(key, now)) continue;
    ASSIGN_OR_RETURN(const Json jwk, json::parse(key.public_jwk));
    previous.push_back(write_previous(jwk, key.retired_at));
  }
  ASSIGN_OR_RETURN(const Json replaced, public_jwk_of(keys.signing_key));
  previous.push_back(write_previous(replaced, now));
  ASSIGN_OR_RETURN(document["signing_key"], json::parse(fresh.reveal()));
  document["previous_signing_keys"] = std::move(previous);
  std::string text = json::dump(document) + "\n";
  Secret result(text);
  wipe(text);
  return result;
}

}  // namespace

Result<Keys> load_keys(const std::string& path, bool create_missing) {
  ASSIGN_OR_RETURN(auto file, read_private_file(path));
  const bool create = !file && create_missing;
  if (create) {
    ASSIGN_OR_RETURN(const Secret document, make_key_document());
    const auto created = create_private_file(path, document);
    if (!created && created.error().kind != ErrorKind::already_exists) return fail(created.error());
    ASSIGN_OR_RETURN(file, read_private_file(path));
  }
  if (!file)
    return fail(ErrorKind::not_found, "there is no key file " + path + " (--create-missing-keys makes one)");
  auto keys = read_key_document(file->content);
  if (!keys) return fail(std::move(keys).error().in("key file " + path));
  keys->readable_by_others = file->readable_by_others;
  keys->created = create;
  return keys;
}

Result<std::string> rotate_signing_key(const std::string& path, WallTime now) {
  std::string key_id;
  RETURN_IF_ERROR(replace_private_file(path, [&](const Secret& old) -> Result<Secret> {
    ASSIGN_OR_RETURN(Secret document, rotate_in_document(old, now));
    ASSIGN_OR_RETURN(const Keys keys, read_key_document(document));
    ASSIGN_OR_RETURN(const auto signer, TokenSigner::make(keys.signing_key));
    key_id = signer->key_id();
    return document;
  }));
  return key_id;
}

}  // namespace apiclient::registry
