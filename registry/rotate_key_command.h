#pragma once
// `apiclient-registry rotate-key`: gives the key file a new signing key. A running server notices by itself.

#include <string>
#include <variant>
#include <vector>

#include "registry/options.h"

namespace apiclient::registry {

struct RotateKeyOptions {
  std::string key_file;
};

/// `arguments` without the program's name and without the command's.
std::variant<RotateKeyOptions, EarlyExit> parse_rotate_key_options(std::vector<std::string> arguments);

/// The exit code and what to print.
EarlyExit rotate_key(const RotateKeyOptions& options);

}  // namespace apiclient::registry
