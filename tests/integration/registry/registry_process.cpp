#include "integration/registry/registry_process.h"

#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;

/// Standard error goes to `log`. The program ends with the test, also when that crashes.
pid_t spawn(std::vector<std::string> arguments, const std::string& log) {
  arguments.insert(arguments.begin(), REGISTRY_PROGRAM);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t process = ::fork();
  if (process < 0) throw std::runtime_error("cannot start " REGISTRY_PROGRAM);
  if (process > 0) return process;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(::open("/dev/null", O_RDWR), STDIN_FILENO);
  ::dup2(STDIN_FILENO, STDOUT_FILENO);
  ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
  ::execv(REGISTRY_PROGRAM, pointers.data());
  ::_exit(127);
}

/// Waits for the end; -1 when the process was killed or had to be.
int exit_code_of(pid_t process) {
  int status = 0;
  const bool ended =
      apiclient::test::eventually([&] { return ::waitpid(process, &status, WNOHANG) == process; }, 20s);
  if (!ended) {
    ::kill(process, SIGKILL);
    ::waitpid(process, &status, 0);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string on_loopback(int port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

ExitedProgram run_registry_program(const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  const int code = exit_code_of(spawn(arguments, folder.file("log")));
  return {code, TemporaryFolder::read(folder.file("log"))};
}

http::Response send_request(int port, http::Method method, const std::string& target,
                            const http::Headers& headers, const std::string& body) {
  ::signal(SIGPIPE, SIG_IGN);  // the registry may close while we send
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(10s);
  httplib::Request request;
  request.method = http::to_string(method);
  request.path = target;
  for (const auto& [name, value] : headers) request.set_header(name, value);
  request.body = body;
  const auto result = client.send(request);
  http::Response response;
  if (!result) return response;
  response.status_code = result->status;
  for (const auto& [name, value] : result->headers) response.headers.emplace(name, value);
  response.body = result->body;
  return response;
}

RegistryProcess::RegistryProcess(std::vector<std::string> more, const std::string& issuer_path)
    : issuer_("http://" + on_loopback(public_port_) + issuer_path), more_(std::move(more)) {
  start();
}

RegistryProcess::~RegistryProcess() { kill_hard(); }

void RegistryProcess::start() {
  std::vector<std::string> arguments{"--data-dir",
                                     folder_.file("data"),
                                     "--issuer",
                                     issuer_,
                                     "--public-address",
                                     on_loopback(public_port_),
                                     "--admin-address",
                                     on_loopback(admin_port_),
                                     "--metrics-address",
                                     on_loopback(metrics_port_),
                                     "--create-missing-keys",
                                     "--log-level",
                                     "trace"};
  arguments.insert(arguments.end(), more_.begin(), more_.end());
  process_ = spawn(arguments, folder_.file("log"));
  if (!apiclient::test::eventually([&] { return probe("/readyz").status_code == 200; }, 30s))
    throw std::runtime_error("the registry does not get ready: " + log());
}

void RegistryProcess::kill_hard() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RegistryProcess::ask_to_stop() const {
  if (process_ > 0) ::kill(process_, SIGTERM);
}

int RegistryProcess::wait_for_exit() { return exit_code_of(std::exchange(process_, -1)); }

http::Response RegistryProcess::admin(http::Method method, const std::string& target, const std::string& body,
                                      http::Headers headers) const {
  headers.try_emplace("Authorization", "Bearer " + admin_token());
  if (!body.empty()) headers.try_emplace("Content-Type", "application/json");
  return send_request(admin_port_, method, target, headers, body);
}

http::Response RegistryProcess::token(const std::string& form, const std::string& authorization) const {
  http::Headers headers{{"Content-Type", "application/x-www-form-urlencoded"}};
  if (!authorization.empty()) headers.emplace("Authorization", authorization);
  return send_request(public_port_, http::Method::post, "/oauth2/token", headers, form);
}

http::Response RegistryProcess::get(const std::string& target) const {
  return send_request(public_port_, http::Method::get, target, {}, "");
}

http::Response RegistryProcess::probe(const std::string& target) const {
  return send_request(metrics_port_, http::Method::get, target, {}, "");
}

std::string RegistryProcess::admin_token() const {
  return TemporaryFolder::read(folder_.file("data/admin-token"));
}

}  // namespace apiclient::registry::test
