#pragma once
// Collects the audit lines that are written while it lives, instead of showing them. One at a time.

#include <memory>
#include <string>
#include <vector>

namespace apiclient::test {

class AuditCapture {
 public:
  AuditCapture();
  AuditCapture(const AuditCapture&) = delete;
  AuditCapture& operator=(const AuditCapture&) = delete;
  ~AuditCapture();

  [[nodiscard]] std::vector<std::string> lines() const;
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace apiclient::test
