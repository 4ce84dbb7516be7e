#pragma once
// A client's key pair that signs assertions with OpenSSL alone, independently of the library that checks
// them.

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"
#include "json/json.h"

namespace apiclient::registry::test {

class ClientKey {
 public:
  static ClientKey p256() { return ClientKey(EVP_EC_gen("P-256")); }
  static ClientKey p384() { return ClientKey(EVP_EC_gen("P-384")); }
  static ClientKey rsa(std::size_t bits = 2048) { return ClientKey(EVP_RSA_gen(bits)); }

  /// Public; without `kid` when that is empty.
  [[nodiscard]] Json jwk(const std::string& kid = "") const {
    Json key;
    if (EVP_PKEY_is_a(key_.get(), "EC") == 1) {
      const std::size_t width = EVP_PKEY_get_bits(key_.get()) == 256 ? 32 : 48;
      key = {{"kty", "EC"},
             {"crv", width == 32 ? "P-256" : "P-384"},
             {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, width)},
             {"y", number(OSSL_PKEY_PARAM_EC_PUB_Y, width)}};
    } else {
      key = {
          {"kty", "RSA"}, {"n", number(OSSL_PKEY_PARAM_RSA_N, 0)}, {"e", number(OSSL_PKEY_PARAM_RSA_E, 0)}};
    }
    if (!kid.empty()) key["kid"] = kid;
    return key;
  }

  /// Compact serialisation; `header` has the algorithm: ES256, RS256 or PS256.
  [[nodiscard]] std::string sign(const Json& header, const Json& claims) const {
    const std::string text = base64url_encode(header.dump()) + "." + base64url_encode(claims.dump());
    return text + "." + base64url_encode(signature_of(text, header.at("alg").get<std::string>()));
  }

 private:
  explicit ClientKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}

  [[nodiscard]] std::string number(const char* name, std::size_t width) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> owned(value, BN_free);
    std::string bytes(width == 0 ? static_cast<std::size_t>(BN_num_bytes(value)) : width, '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    return base64url_encode(bytes);
  }

  [[nodiscard]] std::string signature_of(const std::string& text, const std::string& alg) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* options = nullptr;
    EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key_.get());
    if (alg == "PS256") {
      EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
    }
    std::string signature(1024, '\0');
    std::size_t size = signature.size();
    auto* bytes = reinterpret_cast<unsigned char*>(signature.data());
    EVP_DigestSign(context.get(), bytes, &size, reinterpret_cast<const unsigned char*>(text.data()),
                   text.size());
    signature.resize(size);
    return EVP_PKEY_is_a(key_.get(), "EC") == 1 ? raw_pair(signature) : signature;
  }

  /// RFC 7518 §3.4: r and s side by side, not DER.
  static std::string raw_pair(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())), ECDSA_SIG_free);
    const int width = der.size() > 80 ? 48 : 32;
    std::string raw(static_cast<std::size_t>(2 * width), '\0');
    auto* target = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), target, width);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), target + width, width);
    return raw;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

inline std::string key_set_of(std::initializer_list<Json> keys) {
  return Json{{"keys", Json::array_t(keys)}}.dump();
}

}  // namespace apiclient::registry::test
