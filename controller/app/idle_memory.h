#pragma once
// Gives memory back to the system that only the start or a burst of work has needed.

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/runnable.h"

namespace apiclient::app {

/// Part of the address space, as in /proc/self/smaps.
struct MappedRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  bool operator==(const MappedRange&) const = default;
};

/// The read-only, never written parts of programs and libraries: whatever of them is dropped comes back from
/// the file when it is used again. Pure; `smaps` is the text of that file (proc(5)).
std::vector<MappedRange> droppable_ranges(std::string_view smaps);

/// First a while after the start, then from time to time. Start-up runs through most pages of the libraries
/// once (relocation, TLS set-up); most of them are never needed again.
class IdleMemory final : public runtime::Runnable {
 public:
  explicit IdleMemory(std::chrono::milliseconds after_start = std::chrono::seconds(3),
                      std::chrono::milliseconds interval = std::chrono::minutes(5));

  [[nodiscard]] std::string name() const override { return "idle memory"; }
  Result<void> run(std::stop_token stop) override;

 private:
  std::chrono::milliseconds after_start_;
  std::chrono::milliseconds interval_;
};

}  // namespace apiclient::app
