#include "base/core_dump.h"

#include <sys/prctl.h>

#include <cerrno>
#include <system_error>

namespace apiclient {

Result<void> forbid_core_dumps() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return {};
  return fail(ErrorKind::internal, "cannot forbid core dumps: " + std::generic_category().message(errno));
}

}  // namespace apiclient
