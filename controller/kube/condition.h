#pragma once
// metav1.Condition and its list. Pure functions over plain values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::kube {

enum class ConditionStatus { true_value, false_value, unknown };
std::string_view to_string(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::unknown;
  std::string reason = {};   ///< UpperCamel word, ≤ 1024 characters
  std::string message = {};  ///< for people, ≤ 32768 characters; we cut at 1024
  std::int64_t observed_generation = 0;
  WallTime last_transition_time = {};

  bool operator==(const Condition&) const = default;
};

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
/// Sets or adds; last_transition_time becomes `now` only when the status flips, else the old one stays.
void set_condition(std::vector<Condition>& conditions, Condition condition, WallTime now);
void remove_condition(std::vector<Condition>& conditions, std::string_view type);

std::vector<Condition> read_conditions(const json::Reader& status);
Json write_conditions(const std::vector<Condition>& conditions);

}  // namespace apiclient::kube
