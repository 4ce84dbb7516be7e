#pragma once
// Which Lease the replicas of an installation contend for, and how long that takes. The test build of the
// controller links another definition, so that its tests need not wait.

#include <string>
#include <string_view>

#include "runtime/leader_elector.h"

namespace apiclient::app {

inline constexpr std::string_view kLeaseName = "apiclient-operator";

runtime::LeaderElectorOptions elector_options(const std::string& namespace_name, std::string identity);

}  // namespace apiclient::app
