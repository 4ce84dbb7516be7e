#pragma once
// What people and machines do to a world that they should not.

#include <span>
#include <string_view>

#include "unit/reconciler/model/model_state.h"

namespace apiclient::reconciler::model {

struct Fault {
  std::string_view what;
  bool (*happens)(State& state);  ///< false: it cannot, or changes nothing
  bool between_passes = false;    ///< where the operator itself keeps a pass out of the way
};

extern const std::span<const Fault> kFaults;

}  // namespace apiclient::reconciler::model
