#pragma once
// The certificate of a server, which others renew while it runs: read anew for the first connection after its
// files have changed. What cannot be used is logged, and the last one that could stays. Thread-safe.

#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "base/file_stamp.h"
#include "base/result.h"

struct ssl_ctx_st;

namespace apiclient::http {

class ServerTls {
 public:
  /// PEM, the certificate with its chain. Errors: invalid (they cannot be used together).
  static Result<std::unique_ptr<ServerTls>> open(std::string certificate_file, std::string key_file);

  /// For the next connection; never null.
  std::shared_ptr<ssl_ctx_st> context();

 private:
  using Stamps = std::array<FileStamp, 2>;

  ServerTls(std::string certificate_file, std::string key_file);
  [[nodiscard]] Stamps stamps() const;

  const std::string certificate_file_;
  const std::string key_file_;
  std::mutex mutex_;
  Stamps read_;  ///< what was last read, usable or not
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace apiclient::http
