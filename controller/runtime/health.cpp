#include "runtime/health.h"

#include <algorithm>

namespace apiclient::runtime {

void HealthChecks::add(std::string name, std::function<bool()> passes) {
  checks_.emplace_back(std::move(name), std::move(passes));
}

bool HealthChecks::all_pass() const {
  return std::all_of(checks_.begin(), checks_.end(), [](const auto& check) { return check.second(); });
}

std::string HealthChecks::verbose() const {
  std::string lines;
  for (const auto& [name, passes] : checks_) {
    const bool passed = passes();
    lines.append(passed ? "[+]" : "[-]").append(name).append(passed ? " ok\n" : " failed\n");
  }
  return lines;
}

}  // namespace apiclient::runtime
