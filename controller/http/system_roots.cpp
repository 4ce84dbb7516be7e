#include "http/system_roots.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <string>

namespace apiclient::http {
namespace {

/// The bundle that take_over_system_roots() has hidden.
std::string& bundle_path() {
  static std::string path;
  return path;
}

std::string variable_or(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): see the header
  return value != nullptr ? value : otherwise;
}

std::shared_ptr<x509_store_st> read_system_roots() {
  std::shared_ptr<x509_store_st> store(X509_STORE_new(), X509_STORE_free);
  if (!store) return store;
  // Either of the two may be missing on a system.
  if (!bundle_path().empty()) X509_STORE_load_file(store.get(), bundle_path().c_str());
  X509_STORE_set_default_paths(store.get());
  ERR_clear_error();
  return store;
}

}  // namespace

void take_over_system_roots() {
  if (!bundle_path().empty()) return;
  bundle_path() = variable_or(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  setenv(X509_get_default_cert_file_env(), "/dev/null", 1);  // NOLINT(concurrency-mt-unsafe): see the header
}

std::shared_ptr<x509_store_st> system_roots() {
  static const std::shared_ptr<x509_store_st> roots = read_system_roots();
  return roots;
}

}  // namespace apiclient::http
