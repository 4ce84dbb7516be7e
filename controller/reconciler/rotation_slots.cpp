#include "reconciler/rotation_slots.h"

namespace apiclient::reconciler {

bool RotationSlots::take(const kube::ObjectKey& key) {
  const auto state = state_.lock();
  if (state->holders.contains(key)) return true;
  if (state->holders.size() >= most_) {
    state->line.insert(key);
    return false;
  }
  state->line.erase(key);
  state->holders.insert(key);
  return true;
}

void RotationSlots::release(const kube::ObjectKey& key) { state_.lock()->holders.erase(key); }

bool RotationSlots::is_held_by(const kube::ObjectKey& key) const {
  return state_.lock()->holders.contains(key);
}

bool RotationSlots::is_in_line(const kube::ObjectKey& key) const { return state_.lock()->line.contains(key); }

bool RotationSlots::all_taken() const { return state_.lock()->holders.size() >= most_; }

void RotationSlots::forget(const kube::ObjectKey& key) {
  const auto state = state_.lock();
  state->holders.erase(key);
  state->line.erase(key);
}

}  // namespace apiclient::reconciler
