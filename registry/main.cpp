#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "registry/options.h"
#include "registry/registry_app.h"
#include "registry/rotate_key_command.h"

namespace registry = apiclient::registry;

namespace {

int print(const registry::EarlyExit& end) {
  (end.code == 0 ? std::cout : std::cerr) << end.output;
  return end.code;
}

int run_rotate_key(std::vector<std::string> arguments) {
  const auto parsed = registry::parse_rotate_key_options(std::move(arguments));
  if (const auto* stop = std::get_if<registry::EarlyExit>(&parsed)) return print(*stop);
  return print(registry::rotate_key(*std::get_if<registry::RotateKeyOptions>(&parsed)));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "rotate-key")
    return run_rotate_key({arguments.begin() + 1, arguments.end()});
  const auto parsed = registry::parse_options(arguments);
  if (const auto* stop = std::get_if<registry::EarlyExit>(&parsed)) return print(*stop);
  return registry::run_registry(*std::get_if<registry::Options>(&parsed));
}
