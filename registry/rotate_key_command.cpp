#include "registry/rotate_key_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/clock.h"
#include "registry/key_file.h"

namespace apiclient::registry {
namespace {

constexpr const char* kDescription =
    "Gives the key file a new signing key. The key before it stays published for as long as tokens that it\n"
    "signed may live; the key that hashes secrets stays. A running server reads the file by itself.";

}  // namespace

std::variant<RotateKeyOptions, EarlyExit> parse_rotate_key_options(std::vector<std::string> arguments) {
  RotateKeyOptions options;
  std::string data_dir;
  CLI::App app(kDescription, "apiclient-registry rotate-key");
  auto* key_file = app.add_option("--key-file", options.key_file, "The key file [<data-dir>/keys.json]")
                       ->envname("APICLIENT_KEY_FILE");
  auto* folder =
      app.add_option("--data-dir", data_dir, "Folder of the key file, when it has its usual name there")
          ->envname("APICLIENT_DATA_DIR");
  app.callback([&] {
    if (key_file->count() == 0 && folder->count() == 0) throw CLI::RequiredError("--key-file or --data-dir");
  });
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(arguments);
  } catch (const CLI::ParseError& stop) {
    std::ostringstream output;
    const bool asked = app.exit(stop, output, output) == 0;
    return EarlyExit{asked ? 0 : 2, output.str()};
  }
  if (options.key_file.empty()) options.key_file = std::filesystem::path(data_dir) / "keys.json";
  return options;
}

EarlyExit rotate_key(const RotateKeyOptions& options) {
  const auto key_id = rotate_signing_key(options.key_file, SystemClock().wall_now());
  if (!key_id) return {1, "cannot rotate the signing key: " + key_id.error().message + "\n"};
  return {0, "new signing key " + *key_id + "\n"};
}

}  // namespace apiclient::registry
