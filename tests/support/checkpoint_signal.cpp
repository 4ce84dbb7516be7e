// The checkpoints of the test build.
//
// APICLIENT_CHECKPOINT=<action>:<step>:<before|after>:<n>[:<namespace>/<name>] acts on this very process when
// it reaches that point for the n-th time, with that ApiClient where one is named. Several points, parted by
// commas: the thread that reaches one is held there until all are reached; the action then finds each of them
// in the middle of its own step.
//
//   kill          SIGKILL
//   freeze        SIGSTOP
//   freeze-late   SIGSTOP; when the process goes on, the leader elector wakes only at SIGUSR2. Which thread
//   is
//                 first after a freeze is chance; here it is surely not the one that would notice that the
//                 lease is gone.
//
// APICLIENT_CHECKPOINT_TRACE=<file>: every point that is reached becomes a line "<namespace>/<name> <side>
// <step>".

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/checkpoint.h"
#include "support/elector_hold.h"

namespace apiclient::reconciler {
namespace {

void let_elector_go(int /*signal*/) { test::elector_must_wait = false; }

void hold_elector() {
  std::signal(SIGUSR2, let_elector_go);
  test::elector_must_wait = true;
  const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
  while (!test::elector_waits) nanosleep(&moment, nullptr);
}

struct Trap {
  std::string point;
  std::string side;
  int countdown = 1;
  std::string object = {};  ///< empty: any

  [[nodiscard]] bool is_at(std::string_view at, std::string_view on, std::string_view with) const {
    return countdown > 0 && point == at && side == on && (object.empty() || object == with);
  }
};

std::string_view next_word(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

Trap read_trap(std::string_view text) {
  Trap trap{.point = std::string(next_word(text, ':')), .side = std::string(next_word(text, ':'))};
  const std::string_view count = next_word(text, ':');
  std::from_chars(count.data(), count.data() + count.size(), trap.countdown);
  trap.object = text;
  return trap;
}

class Checkpoints {
 public:
  explicit Checkpoints(std::string_view text) : action_(next_word(text, ':')) {
    while (!text.empty()) traps_.push_back(read_trap(next_word(text, ',')));
  }

  void reach(std::string_view point, std::string_view side, std::string_view object) {
    std::unique_lock lock(mutex_);
    const auto trap =
        std::ranges::find_if(traps_, [&](const Trap& one) { return one.is_at(point, side, object); });
    if (trap == traps_.end() || --trap->countdown > 0) return;
    if (std::ranges::any_of(traps_, [](const Trap& one) { return one.countdown > 0; })) {
      return acted_.wait(lock, [this] { return done_; });
    }
    act();
    done_ = true;
    acted_.notify_all();
  }

 private:
  void act() const {
    if (action_ == "freeze-late") hold_elector();
    raise(action_ == "kill"
              ? SIGKILL
              : SIGSTOP);  // to this very thread: it goes no further before the signal has acted
  }

  const std::string action_;
  std::mutex mutex_;
  std::condition_variable acted_;
  std::vector<Trap> traps_;
  bool done_ = false;
};

void trace(std::string_view point, std::string_view side, std::string_view object) {
  static const char* const file = std::getenv("APICLIENT_CHECKPOINT_TRACE");
  if (file == nullptr) return;
  static std::mutex mutex;
  static std::ofstream lines(file, std::ios::app);
  const std::scoped_lock lock(mutex);
  lines << object << ' ' << side << ' ' << point << std::endl;
}

}  // namespace

void reach_checkpoint(std::string_view point, std::string_view side, const kube::ObjectKey& object) {
  const std::string name = object.text();
  trace(point, side, name);
  static const char* const variable = std::getenv("APICLIENT_CHECKPOINT");
  if (variable == nullptr) return;
  static Checkpoints checkpoints(variable);
  checkpoints.reach(point, side, name);
}

}  // namespace apiclient::reconciler
