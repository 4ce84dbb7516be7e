#pragma once
// TlsOptions, read and checked once, for any number of connections. Thread-safe after construction.

#include <memory>
#include <vector>

#include "base/result.h"
#include "http/tls_options.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;

namespace apiclient::http {

class TlsMaterial {
 public:
  /// Errors: invalid, when a certificate or key cannot be read or they do not belong together.
  static Result<TlsMaterial> read(const TlsOptions& options);

  /// Sets up a client's context: TLS 1.2 or newer, the given roots or else the system's, our certificate.
  /// False when OpenSSL refuses, for example out of memory.
  [[nodiscard]] bool apply(ssl_ctx_st* context) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
  };
  using Certificates = std::vector<std::unique_ptr<x509_st, Free>>;
  static Certificates read_certificates(const std::string& pem);

  std::shared_ptr<x509_store_st> roots_;  ///< null: the system's
  Certificates chain_;                    ///< own certificate first
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace apiclient::http
