#pragma once
// Steps in words, for the expectations of tables: "stage 2", "create staged", "retire c1 c2".

#include <string>
#include <vector>

#include "base/overloaded.h"
#include "reconciler/plan.h"

namespace apiclient::test {

inline std::string text_of(const reconciler::Step& step) {
  namespace step_types = reconciler::step;
  const std::string name(reconciler::name_of(step));
  const auto source = [](step_types::ValueFrom value) -> std::string {
    if (value == step_types::ValueFrom::none) return "nothing";
    return value == step_types::ValueFrom::staged ? "staged" : "published";
  };
  return std::visit(
      overloaded{
          [&](const step_types::Stage& one) { return name + " " + std::to_string(one.revision); },
          [&](const step_types::CreateClient& one) { return name + " " + source(one.value); },
          [&](const step_types::RetireOldest& one) { return name + " " + one.credential_id; },
          [&](const step_types::RetireOlder& one) {
            std::string text = name;
            for (const std::string& id : one.credential_ids) text += " " + id;
            return text;
          },
          [&](const step_types::RemoveClient& one) { return name + " " + one.client_id; },
          [&](const step_types::RestartTarget& one) { return name + " " + std::to_string(one.position); },
          [&](const auto&) { return name; }},
      step);
}

inline std::vector<std::string> texts_of(const reconciler::Plan& plan) {
  std::vector<std::string> texts;
  for (const reconciler::Step& step : plan.steps) texts.push_back(text_of(step));
  return texts;
}

}  // namespace apiclient::test
