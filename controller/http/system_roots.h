#pragma once
// The certificate authorities that the system trusts, read once for the whole process. cpprestsdk reads
// them for every connection, which costs a megabyte and milliseconds each time.

#include <memory>

struct x509_store_st;

namespace apiclient::http {

/// Call before any thread that reads the environment: remembers SSL_CERT_FILE and hides the bundle from
/// cpprestsdk.
void take_over_system_roots();

/// What SSL_CERT_FILE and SSL_CERT_DIR name, else OpenSSL's defaults. Read on first use; thread-safe. Null
/// when OpenSSL is out of memory.
std::shared_ptr<x509_store_st> system_roots();

}  // namespace apiclient::http
