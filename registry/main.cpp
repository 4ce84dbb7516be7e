#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "registry/options.h"
#include "registry/registry_app.h"

int main(int argc, char** argv) {
  namespace registry = apiclient::registry;
  const auto parsed = registry::parse_options(std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* stop = std::get_if<registry::EarlyExit>(&parsed)) {
    (stop->code == 0 ? std::cout : std::cerr) << stop->output;
    return stop->code;
  }
  return registry::run_registry(*std::get_if<registry::Options>(&parsed));
}
