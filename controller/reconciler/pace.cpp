#include "reconciler/pace.h"

namespace apiclient::reconciler {

std::chrono::milliseconds rotation_throttle() { return std::chrono::seconds(60); }

}  // namespace apiclient::reconciler
