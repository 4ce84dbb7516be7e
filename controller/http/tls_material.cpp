#include "http/tls_material.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>

#include "http/system_roots.h"

namespace apiclient::http {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio open_memory(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Without it OpenSSL would ask for the password of an encrypted key on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

}  // namespace

void TlsMaterial::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void TlsMaterial::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

/// Empty when there is none or one of them is damaged.
TlsMaterial::Certificates TlsMaterial::read_certificates(const std::string& pem) {
  Certificates certificates;
  const Bio bio = open_memory(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) certificates.clear();
  return certificates;
}

Result<TlsMaterial> TlsMaterial::read(const TlsOptions& options) {
  TlsMaterial material;
  if (!options.ca_pem.empty()) {
    const Certificates roots = read_certificates(options.ca_pem);
    if (roots.empty()) return fail(ErrorKind::invalid, "the CA bundle holds no readable certificate");
    material.roots_.reset(X509_STORE_new(), X509_STORE_free);
    for (const auto& root : roots) X509_STORE_add_cert(material.roots_.get(), root.get());
    // A given intermediate is a root of its own, as for every other Kubernetes client.
    X509_STORE_set_flags(material.roots_.get(), X509_V_FLAG_PARTIAL_CHAIN);
    ERR_clear_error();
  }
  const bool has_key = options.key_pem && !options.key_pem->empty();
  if (options.certificate_pem.empty() != !has_key) {
    return fail(ErrorKind::invalid, "a client certificate needs its key, and a key its certificate");
  }
  if (!has_key) return material;
  material.chain_ = read_certificates(options.certificate_pem);
  if (material.chain_.empty()) return fail(ErrorKind::invalid, "the client certificate is not readable PEM");
  const Bio bio = open_memory(options.key_pem->reveal());
  material.key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!material.key_) return fail(ErrorKind::invalid, "the client key is not readable PEM, or is encrypted");
  const bool belong_together =
      X509_check_private_key(material.chain_.front().get(), material.key_.get()) == 1;
  ERR_clear_error();
  if (!belong_together)
    return fail(ErrorKind::invalid, "the client key does not belong to the client certificate");
  return material;
}

bool TlsMaterial::apply(ssl_ctx_st* context) const {
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) return false;
  const std::shared_ptr<x509_store_st> roots = roots_ ? roots_ : system_roots();
  if (!roots) return false;
  SSL_CTX_set1_cert_store(context, roots.get());
  if (chain_.empty()) return true;
  if (SSL_CTX_use_certificate(context, chain_.front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
}

}  // namespace apiclient::http
