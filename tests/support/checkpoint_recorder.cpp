#include "support/checkpoint_recorder.h"

#include "reconciler/checkpoint.h"

namespace apiclient::test {
namespace {

CheckpointRecorder* current = nullptr;

}  // namespace

CheckpointRecorder::CheckpointRecorder() { current = this; }
CheckpointRecorder::~CheckpointRecorder() { current = nullptr; }

void CheckpointRecorder::crash_at(std::string point) { crash_point_ = std::move(point); }

void CheckpointRecorder::act_at(std::string point, std::function<void()> act) {
  act_point_ = std::move(point);
  act_ = std::move(act);
}

void CheckpointRecorder::reach(std::string_view point, std::string_view side) {
  const std::string name = std::string(side) + " " + std::string(point);
  reached_.push_back(name);
  if (name == act_point_) {
    act_point_.clear();
    const auto act = std::move(act_);  // it may ask for the next one
    act();
  }
  if (name != crash_point_) return;
  crash_point_.clear();
  throw Crash{name};
}

}  // namespace apiclient::test

namespace apiclient::reconciler {

void reach_checkpoint(std::string_view point, std::string_view side, const kube::ObjectKey& /*object*/) {
  if (test::current != nullptr) test::current->reach(point, side);
}

}  // namespace apiclient::reconciler
