#pragma once
// From an error of a registry call to the reason that people see. Pure.

#include <string>
#include <string_view>

#include "base/error.h"

namespace apiclient::reconciler {

std::string_view registry_reason(const Error& error);

/// True when the registry itself is the matter (down, refusing us, not a registry), not the one request.
bool is_registry_failure(const Error& error);

}  // namespace apiclient::reconciler
