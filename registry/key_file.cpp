#include "registry/key_file.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/random.h"
#include "json/reader.h"
#include "registry/private_file.h"
#include "registry/token_signer.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kHashKeyBytes = 32;

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
  RETURN_IF_ERROR(problems.result("read keys"));
  std::string jwk = json::dump(reader.raw("signing_key"));
  Keys keys{.hash_key = Secret(*hash_key), .signing_key = Secret(jwk)};
  wipe(*hash_key);
  wipe(jwk);
  return keys;
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

}  // namespace apiclient::registry
