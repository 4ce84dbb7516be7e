// The checkpoints of the test build: APICLIENT_CHECKPOINT=<kill|freeze>:<step>:<before|after>:<n> sends SIGKILL or
// SIGSTOP to this very process when it reaches that point for the n-th time. Several, parted by commas: the thread that
// reaches one is held there until all are reached; the signal then finds each of them in the middle of its own step.

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/checkpoint.h"

namespace apiclient::reconciler {
namespace {

struct Trap {
  std::string point;
  std::string side;
  int countdown = 1;
};

std::string_view next_word(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

Trap read_trap(std::string_view text) {
  Trap trap{.point = std::string(next_word(text, ':')), .side = std::string(next_word(text, ':'))};
  std::from_chars(text.data(), text.data() + text.size(), trap.countdown);
  return trap;
}

class Checkpoints {
 public:
  explicit Checkpoints(std::string_view text) : signal_(next_word(text, ':') == "freeze" ? SIGSTOP : SIGKILL) {
    while (!text.empty()) traps_.push_back(read_trap(next_word(text, ',')));
  }

  void reach(std::string_view point, std::string_view side) {
    std::unique_lock lock(mutex_);
    const auto trap = std::ranges::find_if(
        traps_, [&](const Trap& one) { return one.countdown > 0 && one.point == point && one.side == side; });
    if (trap == traps_.end() || --trap->countdown > 0) return;
    if (std::ranges::any_of(traps_, [](const Trap& one) { return one.countdown > 0; })) {
      return signalled_.wait(lock, [this] { return done_; });
    }
    raise(signal_);  // to this very thread: it goes no further before the signal has acted
    done_ = true;
    signalled_.notify_all();
  }

 private:
  const int signal_;
  std::mutex mutex_;
  std::condition_variable signalled_;
  std::vector<Trap> traps_;
  bool done_ = false;
};

}  // namespace

void reach_checkpoint(std::string_view point, std::string_view side) {
  static const char* const variable = std::getenv("APICLIENT_CHECKPOINT");
  if (variable == nullptr) return;
  static Checkpoints checkpoints(variable);
  checkpoints.reach(point, side);
}

}  // namespace apiclient::reconciler
