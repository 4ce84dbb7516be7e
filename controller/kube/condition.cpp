#include "kube/condition.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "kube/cut_text.h"

namespace apiclient::kube {
namespace {

constexpr std::size_t kMaxMessage = 1024;

ConditionStatus parse_status(std::string_view text) {
  if (text == "True") return ConditionStatus::true_value;
  if (text == "False") return ConditionStatus::false_value;
  return ConditionStatus::unknown;
}

auto find_type(auto& conditions, std::string_view type) {
  return std::find_if(conditions.begin(), conditions.end(),
                      [type](const Condition& condition) { return condition.type == type; });
}

}  // namespace

std::string_view to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::true_value: return "True";
    case ConditionStatus::false_value: return "False";
    case ConditionStatus::unknown: return "Unknown";
  }
  return "Unknown";
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = find_type(conditions, type);
  return found == conditions.end() ? nullptr : &*found;
}

void set_condition(std::vector<Condition>& conditions, Condition condition, WallTime now) {
  condition.message = cut_text(condition.message, kMaxMessage);
  // metav1.Time knows whole seconds; keeping more would make a condition differ from itself read back.
  condition.last_transition_time = std::chrono::floor<std::chrono::seconds>(now);
  const auto found = find_type(conditions, condition.type);
  if (found == conditions.end()) {
    conditions.push_back(std::move(condition));
    return;
  }
  if (found->status == condition.status) condition.last_transition_time = found->last_transition_time;
  *found = std::move(condition);
}

void remove_condition(std::vector<Condition>& conditions, std::string_view type) {
  std::erase_if(conditions, [type](const Condition& condition) { return condition.type == type; });
}

std::vector<Condition> read_conditions(const json::Reader& status) {
  std::vector<Condition> conditions;
  status.each("conditions", [&conditions](const json::Reader& entry) {
    conditions.push_back(
        {.type = entry.text("type"),
         .status = parse_status(entry.text("status")),
         .reason = entry.optional_text("reason").value_or(""),
         .message = entry.optional_text("message").value_or(""),
         .observed_generation = entry.optional_integer("observedGeneration").value_or(0),
         .last_transition_time = entry.optional_time("lastTransitionTime").value_or(WallTime{})});
  });
  return conditions;
}

Json write_conditions(const std::vector<Condition>& conditions) {
  Json list = Json::array();
  for (const Condition& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", to_string(condition.status)},
                    {"reason", condition.reason},
                    {"message", cut_text(condition.message, kMaxMessage)},
                    {"observedGeneration", condition.observed_generation},
                    {"lastTransitionTime", format_rfc3339(condition.last_transition_time)}});
  }
  return list;
}

}  // namespace apiclient::kube
