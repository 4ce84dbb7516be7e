#pragma once
// Owners of cjose's objects. Only for .cpp files that talk to cjose.

#include <cjose/cjose.h>
#include <openssl/crypto.h>

#include <cstring>
#include <memory>

namespace apiclient::registry {

struct ReleaseKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseHeader {
  void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
struct ReleaseSignature {
  void operator()(cjose_jws_t* signature) const { cjose_jws_release(signature); }
};
/// Wipes the text: it may be a private key.
struct ReleaseText {
  void operator()(char* text) const {
    OPENSSL_cleanse(text, std::strlen(text));
    cjose_get_dealloc()(text);
  }
};
using KeyPointer = std::unique_ptr<cjose_jwk_t, ReleaseKey>;
using HeaderPointer = std::unique_ptr<cjose_header_t, ReleaseHeader>;
using SignaturePointer = std::unique_ptr<cjose_jws_t, ReleaseSignature>;
using TextPointer = std::unique_ptr<char, ReleaseText>;

}  // namespace apiclient::registry
