#pragma once
// Small files that hold keys: read whole, created with mode 0600 and never overwritten. Thread-safe.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace apiclient::registry {

struct PrivateFile {
  Secret content;
  bool readable_by_others = false;  ///< worth a warning
};

/// Empty when there is no such file. At most 1 MiB.
Result<std::optional<PrivateFile>> read_private_file(const std::string& path);

/// Complete and on the disk, or not there at all. `already_exists` when another process was faster.
Result<void> create_private_file(const std::string& path, const Secret& content);

/// Replaces an existing file, complete and on the disk: whoever reads sees the old content or the new. Mode
/// 0600, the owner stays. `conflict` when another process is replacing a file in this folder.
/// `make_content` gets the old content and says the new.
Result<void> replace_private_file(const std::string& path,
                                  const std::function<Result<Secret>(const Secret&)>& make_content);

}  // namespace apiclient::registry
