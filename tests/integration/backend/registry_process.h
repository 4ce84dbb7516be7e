#pragma once
// The real apiclient-registry program on free ports of 127.0.0.1, with a data folder of its own that goes
// with it. Not thread-safe.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/secret.h"

namespace apiclient::test {

class RegistryProcess {
 public:
  /// Serves when this returns; terminates the test program when it cannot be started.
  RegistryProcess();
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;
  ~RegistryProcess();

  [[nodiscard]] std::string issuer() const { return uri_of(public_port_); }
  [[nodiscard]] std::string admin_url() const { return uri_of(admin_port_); }
  [[nodiscard]] std::shared_ptr<const Secret> admin_token() const { return admin_token_; }
  /// Everything it logged so far.
  [[nodiscard]] std::string log() const;
  void stop();
  /// With the same data and ports.
  void restart();

 private:
  static std::string uri_of(int port) { return "http://127.0.0.1:" + std::to_string(port); }
  bool start();
  bool wait_until_ready();
  bool has_exited();
  void launch() const;

  std::filesystem::path folder_;
  int public_port_ = 0;
  int admin_port_ = 0;
  int metrics_port_ = 0;
  pid_t pid_ = -1;
  std::shared_ptr<const Secret> admin_token_;
};

}  // namespace apiclient::test
