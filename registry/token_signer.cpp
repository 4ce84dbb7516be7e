#include "registry/token_signer.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "registry/cjose_pointers.h"

namespace apiclient::registry {
namespace {

Failure failed(const char* operation, const cjose_err& error) {
  const char* message = error.message != nullptr ? error.message : "unknown error";
  return fail(ErrorKind::internal, std::string(operation) + ": " + message);
}

std::string sha256(const std::string& text) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// RFC 7638 §3: required members only, sorted by name.
std::string thumbprint(const Json& jwk) {
  const Json required{{"crv", jwk.at("crv")}, {"kty", jwk.at("kty")}, {"x", jwk.at("x")}, {"y", jwk.at("y")}};
  return base64url_encode(sha256(json::dump(required)));
}

bool is_p256(const cjose_jwk_t* key) {
  return cjose_jwk_get_kty(key, nullptr) == CJOSE_JWK_KTY_EC &&
         cjose_jwk_EC_get_curve(key, nullptr) == CJOSE_JWK_EC_P_256;
}

Result<Json> public_part(const cjose_jwk_t* key) {
  cjose_err error{};
  const TextPointer text(cjose_jwk_to_json(key, false, &error));
  if (!text) return failed("read signing key", error);
  return json::parse(text.get());
}

}  // namespace

struct TokenSigner::Key {
  KeyPointer pointer;
};

Result<Secret> make_signing_key() {
  cjose_err error{};
  const KeyPointer key(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error));
  if (!key) return failed("make signing key", error);
  const TextPointer text(cjose_jwk_to_json(key.get(), true, &error));
  if (!text) return failed("make signing key", error);
  return Secret(text.get());
}

Result<std::unique_ptr<TokenSigner>> TokenSigner::make(const Secret& private_jwk) {
  cjose_err error{};
  const auto text = private_jwk.reveal();
  KeyPointer key(cjose_jwk_import(text.data(), text.size(), &error));
  if (!key) return failed("read signing key", error);
  if (!is_p256(key.get())) return fail(ErrorKind::invalid, "read signing key: must be an EC key on P-256");
  ASSIGN_OR_RETURN(Json public_jwk, public_part(key.get()));
  std::string key_id = thumbprint(public_jwk);
  public_jwk.update({{"kid", key_id}, {"use", "sig"}, {"alg", "ES256"}});
  std::string key_set = json::dump(Json{{"keys", Json::array({public_jwk})}});

  std::unique_ptr<TokenSigner> signer(
      new TokenSigner(std::make_unique<Key>(Key{std::move(key)}), std::move(key_id), std::move(key_set)));
  // A key without its private part is found here, not at the first token.
  RETURN_IF_ERROR(signer->sign(Json::object()));
  return signer;
}

TokenSigner::TokenSigner(std::unique_ptr<Key> key, std::string key_id, std::string key_set)
    : key_(std::move(key)), key_id_(std::move(key_id)), key_set_(std::move(key_set)) {}

TokenSigner::~TokenSigner() = default;

Result<std::string> TokenSigner::sign(const Json& claims) const {
  cjose_err error{};
  const HeaderPointer header(cjose_header_new(&error));
  if (!header || !cjose_header_set(header.get(), CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, &error) ||
      !cjose_header_set(header.get(), "typ", "at+jwt", &error) ||
      !cjose_header_set(header.get(), CJOSE_HDR_KID, key_id_.c_str(), &error))
    return failed("sign token", error);
  const std::string payload = json::dump(claims);
  const SignaturePointer signature(cjose_jws_sign(key_->pointer.get(), header.get(),
                                                  reinterpret_cast<const std::uint8_t*>(payload.data()),
                                                  payload.size(), &error));
  if (!signature) return failed("sign token", error);
  const char* compact = nullptr;  // owned by the signature
  if (!cjose_jws_export(signature.get(), &compact, &error)) return failed("sign token", error);
  return std::string(compact);
}

}  // namespace apiclient::registry
