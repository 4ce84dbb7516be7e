#include "http/server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "telemetry/log.h"

namespace apiclient::http {
namespace {

/// Null when they cannot be used together.
std::shared_ptr<SSL_CTX> read_context(const std::string& certificate_file, const std::string& key_file) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const bool usable = context && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
                      SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  ERR_clear_error();
  return usable ? context : nullptr;
}

}  // namespace

ServerTls::ServerTls(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      read_(stamps()),
      context_(read_context(certificate_file_, key_file_)) {}

Result<std::unique_ptr<ServerTls>> ServerTls::open(std::string certificate_file, std::string key_file) {
  std::unique_ptr<ServerTls> tls(new ServerTls(std::move(certificate_file), std::move(key_file)));
  if (!tls->context_)
    return fail(ErrorKind::invalid, "the server's TLS certificate and key cannot be used together");
  return tls;
}

std::shared_ptr<SSL_CTX> ServerTls::context() {
  const std::scoped_lock lock(mutex_);
  const Stamps now = stamps();
  if (now == read_) return context_;
  read_ = now;
  auto renewed = read_context(certificate_file_, key_file_);
  const telemetry::Log log;
  if (renewed) {
    log.info("the server's TLS certificate was read again", {{"file", certificate_file_}});
    context_ = std::move(renewed);
  } else {
    log.warning("the server's new TLS certificate and key cannot be used together, the last ones stay",
                {{"file", certificate_file_}});
  }
  return context_;
}

ServerTls::Stamps ServerTls::stamps() const {
  return {FileStamp::of(certificate_file_), FileStamp::of(key_file_)};
}

}  // namespace apiclient::http
