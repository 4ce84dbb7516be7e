#pragma once
// apiclient-registry as a real process with its own folder and ports; killed with the object. Not
// thread-safe, but requests may be sent from any thread.

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "http/message.h"
#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {

/// A port that was free a moment ago.
int free_port();

struct ExitedProgram {
  int code = -1;
  std::string errors;  ///< standard error
};
/// Runs the program to its end.
ExitedProgram run_registry_program(const std::vector<std::string>& arguments);

/// One request on its own connection; status 0 when there was no answer.
http::Response send_request(int port, http::Method method, const std::string& target,
                            const http::Headers& headers, const std::string& body);

class RegistryProcess {
 public:
  /// Starts and waits until it is ready; `more` flags come behind the usual ones.
  explicit RegistryProcess(std::vector<std::string> more = {}, const std::string& issuer_path = "");
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;
  ~RegistryProcess();

  void start();
  void kill_hard();
  void ask_to_stop() const;
  /// The exit code; -1 when it had to be killed.
  int wait_for_exit();
  int stop() {
    ask_to_stop();
    return wait_for_exit();
  }

  http::Response admin(http::Method method, const std::string& target, const std::string& body = "",
                       http::Headers headers = {}) const;
  http::Response token(const std::string& form, const std::string& authorization = "") const;
  http::Response get(const std::string& target) const;
  http::Response probe(const std::string& target) const;

  [[nodiscard]] std::string issuer() const { return issuer_; }
  [[nodiscard]] int public_port() const { return public_port_; }
  [[nodiscard]] int admin_port() const { return admin_port_; }
  [[nodiscard]] pid_t process_id() const { return process_; }
  [[nodiscard]] std::string admin_token() const;
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  /// Everything it ever wrote to standard error.
  [[nodiscard]] std::string log() const { return TemporaryFolder::read(folder_.file("log")); }

 private:
  TemporaryFolder folder_;
  const int public_port_ = free_port();
  const int admin_port_ = free_port();
  const int metrics_port_ = free_port();
  const std::string issuer_;
  const std::vector<std::string> more_;
  pid_t process_ = -1;
};

}  // namespace apiclient::registry::test
