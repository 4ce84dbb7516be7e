#pragma once
// Named checks behind /healthz and /readyz. Thread-safe after construction.

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace apiclient::runtime {

class HealthChecks {
 public:
  void add(std::string name, std::function<bool()> passes);
  [[nodiscard]] bool all_pass() const;
  /// "[+]name ok" / "[-]name failed" per line, never why (Kubernetes' own format).
  [[nodiscard]] std::string verbose() const;

 private:
  std::vector<std::pair<std::string, std::function<bool()>>> checks_;
};

}  // namespace apiclient::runtime
