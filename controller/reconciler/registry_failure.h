#pragma once
// From an error of a registry call to the reason that people see. Pure.

#include <string>
#include <string_view>

#include "base/error.h"

namespace apiclient::reconciler {

std::string_view registry_reason(const Error& error);

/// What a client says while its registry fails: the reason is shared, the details are the registry's own.
std::string registry_message(const std::string& registry, std::string_view why);
/// The same for a call that was not sent; of one that was, what came of it.
std::string failure_message(const std::string& registry, const Error& error);

/// True when the registry itself is the matter (down, refusing us, not a registry), not the one request.
bool is_registry_failure(const Error& error);

}  // namespace apiclient::reconciler
