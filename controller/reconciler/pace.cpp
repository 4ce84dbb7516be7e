#include "reconciler/pace.h"

namespace apiclient::reconciler {

std::chrono::milliseconds rotation_throttle() { return std::chrono::seconds(60); }

std::chrono::milliseconds sweep_interval() { return std::chrono::hours(1); }

}  // namespace apiclient::reconciler
