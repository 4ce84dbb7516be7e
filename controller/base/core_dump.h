#pragma once
// No core file of a program that holds secrets, and no look into its memory by other processes of the same
// user.

#include "base/result.h"

namespace apiclient {

/// For the whole process, from now on (prctl(2), PR_SET_DUMPABLE). Call it before the first secret is read.
/// As a side effect /proc/<pid>/environ and the like can be read by root only.
Result<void> forbid_core_dumps();

}  // namespace apiclient
