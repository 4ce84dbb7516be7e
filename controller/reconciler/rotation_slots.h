#pragma once
// How many planned rotations one process has under way at once: each takes a slot before it mints and gives
// it back when it is through. Those that find none are in line. Rotations that a person asks for, and
// repairs, need no slot. Thread-safe.

#include <cstddef>
#include <unordered_set>

#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class RotationSlots {
 public:
  explicit RotationSlots(std::size_t most) : most_(most) {}

  /// True: this client holds a slot, since now or before. False: it is in line.
  [[nodiscard]] bool take(const kube::ObjectKey& key);
  /// Its rotation is through, with its roll-out where one is waited for; or has failed.
  void release(const kube::ObjectKey& key);

  [[nodiscard]] bool is_held_by(const kube::ObjectKey& key) const;
  /// Found no slot before, and has not got one since.
  [[nodiscard]] bool is_in_line(const kube::ObjectKey& key) const;
  /// Whether a client without a slot would get none now.
  [[nodiscard]] bool all_taken() const;
  /// Its rotation is not due any more, or the client is gone.
  void forget(const kube::ObjectKey& key);

 private:
  using Keys = std::unordered_set<kube::ObjectKey>;
  struct State {
    Keys holders = {};
    Keys line = {};
  };
  std::size_t most_;
  mutable Guarded<State> state_;
};

/// Gives the slot of a client back, if it holds one, when a pass ends in whatever way but one: the pass says
/// that the rotation goes on.
class SlotReturn {
 public:
  SlotReturn(RotationSlots& slots, const kube::ObjectKey& key) : slots_(slots), key_(key) {}
  SlotReturn(const SlotReturn&) = delete;
  SlotReturn& operator=(const SlotReturn&) = delete;
  ~SlotReturn() {
    if (!keeps_) slots_.release(key_);
  }
  void keep() { keeps_ = true; }

 private:
  RotationSlots& slots_;
  const kube::ObjectKey& key_;
  bool keeps_ = false;
};

}  // namespace apiclient::reconciler
