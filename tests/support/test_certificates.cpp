#include "support/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace apiclient::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Bio = std::unique_ptr<BIO, Free>;

constexpr long kDay = 24L * 60 * 60;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int name, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, name, value.c_str());
  if (extension == nullptr) throw std::runtime_error("certificate extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Not yet signed.
Certificate make_certificate(const std::string& common_name, EVP_PKEY* key) {
  static long serial = 0;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return certificate;
}

TestCertificate to_pem(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_bio(BIO_new(BIO_s_mem()));
  const Bio key_bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_bio.get(), certificate);
  PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificate_bio.get()), text_of(key_bio.get())};
}

}  // namespace

TestCertificate make_test_ca(const std::string& common_name) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_certificate(common_name, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  return to_pem(certificate.get(), key.get());
}

TestCertificate issue_test_certificate(const TestCertificate& ca, const std::string& common_name,
                                       const std::vector<std::string>& names) {
  const Bio ca_bio(BIO_new_mem_buf(ca.certificate_pem.data(), static_cast<int>(ca.certificate_pem.size())));
  const Bio ca_key_bio(BIO_new_mem_buf(ca.key_pem.data(), static_cast<int>(ca.key_pem.size())));
  const Certificate ca_certificate(PEM_read_bio_X509(ca_bio.get(), nullptr, nullptr, nullptr));
  const Key ca_key(PEM_read_bio_PrivateKey(ca_key_bio.get(), nullptr, nullptr, nullptr));

  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_certificate(common_name, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca_certificate.get()));
  add_extension(certificate.get(), ca_certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  std::string joined;
  for (const std::string& name : names) joined.append(joined.empty() ? "" : ",").append(name);
  if (!joined.empty()) add_extension(certificate.get(), ca_certificate.get(), NID_subject_alt_name, joined);
  X509_sign(certificate.get(), ca_key.get(), EVP_sha256());
  return to_pem(certificate.get(), key.get());
}

}  // namespace apiclient::test
