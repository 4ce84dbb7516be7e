#pragma once
// Named points of a pass, so that tests can cut the process off exactly there. In the product reaching one
// does nothing (checkpoint.cpp); the test build of the controller links another definition.

#include <string_view>

#include "kube/object_key.h"

namespace apiclient::reconciler {

/// `point` is the name of a step, `side` "before" or "after", `object` the ApiClient of the pass.
void reach_checkpoint(std::string_view point, std::string_view side, const kube::ObjectKey& object);

}  // namespace apiclient::reconciler
