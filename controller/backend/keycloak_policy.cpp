#include "backend/keycloak_policy.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "json/reader.h"

namespace apiclient::backend::keycloak {
namespace {

using std::chrono::seconds;
using RotationByProfile = std::map<std::string, RotationPolicy>;

constexpr std::string_view kExecutor = "secret-rotation";

/// Keycloak's forms send numbers as texts.
seconds seconds_of(const json::Reader& configuration, std::string_view member) {
  const Json& value = configuration.raw(member);
  if (value.is_number_integer()) return seconds(value.get<std::int64_t>());
  if (!value.is_string()) return seconds(0);
  const auto number = json::parse(value.get<std::string>());
  return number && number->is_number_integer() ? seconds(number->get<std::int64_t>()) : seconds(0);
}

bool is_set(const json::Reader& configuration, std::string_view member) {
  const Json& value = configuration.raw(member);
  return value == true || value == "true";
}

RotationPolicy shorter_of(const RotationPolicy& one, const RotationPolicy& other) {
  return {.grace = std::min(one.grace, other.grace), .lifetime = std::min(one.lifetime, other.lifetime)};
}

RotationByProfile read_profiles(const json::Reader& document) {
  RotationByProfile found;
  document.each("profiles", [&](const json::Reader& profile) {
    profile.each("executors", [&](const json::Reader& executor) {
      if (executor.text("executor") != kExecutor) return;
      const json::Reader configuration = executor.object("configuration");
      found[profile.text("name")] = {.grace = seconds_of(configuration, "rotated-expiration-period"),
                                     .lifetime = seconds_of(configuration, "expiration-period")};
    });
  });
  return found;
}

bool holds_for_all_confidential(const json::Reader& condition) {
  const json::Reader configuration = condition.object("configuration");
  if (is_set(configuration, "is-negative-logic")) return false;
  const std::string name = condition.text("condition");
  if (name == "any-client") return true;
  const auto types = configuration.optional_texts("type").value_or(std::vector<std::string>());
  return name == "client-access-type" && std::ranges::find(types, "confidential") != types.end();
}

/// A policy applies where all of its conditions hold; one without conditions never does.
bool holds_for_all_confidential_clients(const json::Reader& policy) {
  bool any = false;
  bool all = true;
  policy.each("conditions", [&](const json::Reader& condition) {
    any = true;
    all = all && holds_for_all_confidential(condition);
  });
  return any && all;
}

/// The shortest times that the profiles of one policy set.
std::optional<RotationPolicy> rotation_of(const json::Reader& policy, const RotationByProfile& profiles) {
  std::optional<RotationPolicy> rotation;
  for (const std::string& name : policy.optional_texts("profiles").value_or(std::vector<std::string>())) {
    const auto profile = profiles.find(name);
    if (profile == profiles.end()) continue;
    rotation = rotation ? shorter_of(*rotation, profile->second) : profile->second;
  }
  return rotation;
}

}  // namespace

Result<std::optional<RotationPolicy>> read_rotation_policy(const Json& profiles, const Json& policies) {
  json::Problems problems;
  const RotationByProfile by_profile = read_profiles(json::Reader(profiles, problems));
  std::optional<RotationPolicy> shortest;
  bool is_certain = false;
  json::Reader(policies, problems).each("policies", [&](const json::Reader& policy) {
    if (!policy.optional_boolean("enabled").value_or(false)) return;
    const auto rotation = rotation_of(policy, by_profile);
    if (!rotation) return;
    shortest = shortest ? shorter_of(*shortest, *rotation) : *rotation;
    is_certain = is_certain || holds_for_all_confidential_clients(policy);
  });
  if (!problems.all().empty()) return fail(ErrorKind::protocol, "the answer is no list of client policies");
  return is_certain ? shortest : std::nullopt;
}

}  // namespace apiclient::backend::keycloak
