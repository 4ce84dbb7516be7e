#pragma once
// Serves /healthz and /readyz, or /metrics, as a runnable of the manager.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "runtime/runnable.h"

namespace apiclient::app {

class ProbeServer final : public runtime::Runnable {
 public:
  ProbeServer(std::string name, std::unique_ptr<http::Server> server);

  [[nodiscard]] std::string name() const override { return name_; }
  Result<void> run(std::stop_token stop) override;

 private:
  std::string name_;
  std::unique_ptr<http::Server> server_;
};

/// A route that answers with this text.
http::Route text_route(std::string path, std::function<std::string()> text);
/// A route that answers 200 or 500; `?verbose` adds the text.
http::Route check_route(std::string path, std::function<bool()> passes, std::function<std::string()> verbose);

}  // namespace apiclient::app
