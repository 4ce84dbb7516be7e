#include "integration/backend/registry_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "support/eventually.h"

namespace apiclient::test {
namespace {

constexpr int kTries = 5;  // a free port may be taken before the program binds it
constexpr std::chrono::seconds kLongestStart{20};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API wants it
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

bool accepts_connections(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API wants it
  const bool open = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return open;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "cannot start the registry: %s\n", why.c_str());
  std::abort();
}

}  // namespace

RegistryProcess::RegistryProcess() {
  std::string name = std::filesystem::temp_directory_path() / "apiclient-registry-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  folder_ = name;
  for (int i = 0; i < kTries; ++i) {
    public_port_ = free_port();
    admin_port_ = free_port();
    metrics_port_ = free_port();
    if (start()) return;
  }
  give_up(log());
}

RegistryProcess::~RegistryProcess() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string RegistryProcess::log() const { return text_of(folder_ / "log"); }

void RegistryProcess::launch() const {
  std::vector<std::string> words{APICLIENT_REGISTRY_PROGRAM,
                                 "--data-dir",
                                 folder_ / "data",
                                 "--public-address",
                                 "127.0.0.1:" + std::to_string(public_port_),
                                 "--admin-address",
                                 "127.0.0.1:" + std::to_string(admin_port_),
                                 "--metrics-address",
                                 "127.0.0.1:" + std::to_string(metrics_port_),
                                 "--issuer",
                                 issuer(),
                                 "--create-missing-keys",
                                 "--log-level",
                                 "trace"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = folder_ / "log";
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(file, STDERR_FILENO);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

bool RegistryProcess::start() {
  pid_ = ::fork();
  if (pid_ < 0) give_up("fork failed");
  if (pid_ == 0) launch();
  if (!wait_until_ready()) {
    stop();
    return false;
  }
  std::string token = text_of(folder_ / "data" / "admin-token");
  while (token.ends_with('\n')) token.pop_back();
  admin_token_ = std::make_shared<const Secret>(token);
  return true;
}

bool RegistryProcess::wait_until_ready() {
  bool exited = false;
  const bool ready = eventually(
      [&] {
        exited = has_exited();
        return exited || (accepts_connections(public_port_) && accepts_connections(admin_port_));
      },
      kLongestStart);
  // A port that answers may be somebody else's when our program is gone.
  return ready && !exited && !has_exited();
}

bool RegistryProcess::has_exited() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

void RegistryProcess::stop() {
  if (has_exited()) return;
  ::kill(pid_, SIGTERM);
  if (!eventually([this] { return has_exited(); })) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

void RegistryProcess::restart() {
  stop();
  if (!start()) give_up(log());
}

}  // namespace apiclient::test
