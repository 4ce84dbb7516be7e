#include "app/probe_server.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace apiclient::app {
namespace {

http::Response plain_text(int status_code, std::string body) {
  return {.status_code = status_code,
          .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
          .body = std::move(body)};
}

}  // namespace

ProbeServer::ProbeServer(std::string name, std::unique_ptr<http::Server> server)
    : name_(std::move(name)), server_(std::move(server)) {}

Result<void> ProbeServer::run(std::stop_token stop) {
  server_->start();
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
  server_->stop();
  return {};
}

http::Route text_route(std::string path, std::function<std::string()> text) {
  return {.method = http::Method::get,
          .pattern = std::move(path),
          .handle = [text = std::move(text)](const http::ServerRequest&) { return plain_text(200, text()); }};
}

http::Route check_route(std::string path, std::function<bool()> passes,
                        std::function<std::string()> verbose) {
  const auto handle = [passes = std::move(passes),
                       verbose = std::move(verbose)](const http::ServerRequest& request) {
    const bool asked = std::ranges::any_of(
        request.query, [](const auto& parameter) { return parameter.first == "verbose"; });
    const bool well = passes();
    return plain_text(well ? 200 : 500, asked ? verbose() : (well ? "ok" : "not ok"));
  };
  return {.method = http::Method::get, .pattern = std::move(path), .handle = handle};
}

}  // namespace apiclient::app
