#pragma once
// Signs access tokens: JWS compact serialisation, ES256 (RFC 7515, RFC 7518 §3.4), header type at+jwt (RFC
// 9068). Thread-safe after construction.

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "json/json.h"

namespace apiclient::registry {

/// A new P-256 key as a private JWK.
Result<Secret> make_signing_key();

class TokenSigner {
 public:
  /// `private_jwk`: an EC key on P-256 with its private part.
  static Result<std::unique_ptr<TokenSigner>> make(const Secret& private_jwk);
  TokenSigner(const TokenSigner&) = delete;
  TokenSigner& operator=(const TokenSigner&) = delete;
  ~TokenSigner();

  Result<std::string> sign(const Json& claims) const;
  /// RFC 7638 thumbprint of the key.
  [[nodiscard]] const std::string& key_id() const { return key_id_; }
  /// JWK Set with the public key (RFC 7517 §5), as JSON text.
  [[nodiscard]] const std::string& key_set() const { return key_set_; }

 private:
  struct Key;
  TokenSigner(std::unique_ptr<Key> key, std::string key_id, std::string key_set);

  const std::unique_ptr<const Key> key_;
  const std::string key_id_;
  const std::string key_set_;
};

}  // namespace apiclient::registry
