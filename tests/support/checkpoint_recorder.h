#pragma once
// The checkpoints of the unit tests: they are written down, and one of them can end the pass as a crash
// would, by an exception that nobody in the product catches. One recorder for the program; used by one thread
// at a time.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace apiclient::test {

/// What a pass dies of.
struct Crash {
  std::string point;
};

class CheckpointRecorder {
 public:
  /// Begins a new record.
  CheckpointRecorder();
  CheckpointRecorder(const CheckpointRecorder&) = delete;
  CheckpointRecorder& operator=(const CheckpointRecorder&) = delete;
  ~CheckpointRecorder();

  /// The next time this point ("before stage", "after publish") is reached, Crash is thrown, once.
  void crash_at(std::string point);
  /// The next time this point is reached, this runs, once: what somebody else does at that moment.
  void act_at(std::string point, std::function<void()> act);
  /// All points reached so far, in order.
  [[nodiscard]] const std::vector<std::string>& reached() const { return reached_; }

  void reach(std::string_view point, std::string_view side);

 private:
  std::string crash_point_;
  std::string act_point_;
  std::function<void()> act_;
  std::vector<std::string> reached_;
};

}  // namespace apiclient::test
