#include "unit/reconciler/model/model_search.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace apiclient::reconciler::model {
namespace {

/// Far more than any repair takes.
constexpr int kMostPasses = 20;

std::string text_of(Label label) { return std::string(label.who) + std::string(label.what); }

test::RegistryBuilder registry_for(Strategy strategy) {
  switch (strategy) {
    case Strategy::overlap: break;
    case Strategy::in_place:
      return test::a_registry_of_one_secret().with_spec({{"allowInPlaceRotation", true}});
    case Strategy::reregister:
      return test::a_registry().can(
          {.chooses_client_id = true, .chooses_secret = true, .max_secrets = 1, .can_disable = true});
  }
  return test::a_registry();
}

}  // namespace

Search::Search(const Setting& setting, Planner planner)
    : setting_(setting),
      book_(std::move(planner), registry_for(setting_.strategy)),
      promises_(setting_.budget),
      moves_(setting_, book_, promises_) {}

Findings Search::run() {
  reach(first_state(setting_.budget, setting_.strategy == Strategy::reregister), 0,
        {"", "an ApiClient is created"});
  for (std::uint32_t number = 0; number < nodes_.size() && findings_.broken.empty(); ++number) expand(number);
  findings_.states = nodes_.size();
  findings_.plans = book_.size();
  findings_.lost = promises_.lost();
  return findings_;
}

void Search::expand(std::uint32_t number) {
  const State& state = *nodes_[number].state;
  if (!state.pass.under_way()) {
    settle(state);
    if (!promises_.broken().empty()) {
      findings_.broken = promises_.broken();
      findings_.path = path_to(number);
      findings_.path.emplace_back("then nothing disturbs the operator any more");
      return;
    }
  }
  moves_.each(state, [&](Label label, const State& next) {
    ++findings_.transitions;
    if (!findings_.broken.empty()) return;
    if (promises_.broken().empty()) return reach(next, number, label);
    findings_.broken = promises_.broken();
    findings_.path = path_to(number);
    findings_.path.push_back(text_of(label));
  });
}

void Search::reach(const State& state, std::uint32_t parent, Label label) {
  State canonical = state;
  renumber(canonical);
  const auto [entry, is_new] = numbers_.try_emplace(canonical, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) nodes_.push_back({.state = &entry->first, .parent = parent, .label = label});
}

void Search::settle(State state) {
  state.old_pass = {};
  state.old_answer = {};
  leave_behind(state);
  end_troubles(state);
  renumber(state);
  int passes = 0;
  while (settling_.insert(state.world).second && promises_.broken().empty()) {
    check_deletion(state.world);
    if (!advance(state)) return check_rest(state);
    if (++passes == kMostPasses) return promises_.break_promise("the operator does not come to rest");
  }
  findings_.longest_way = std::max(findings_.longest_way, passes);
}

bool Search::advance(State& state) {
  const World before = state.world;
  const auto changes = [&] {
    renumber(state);
    return !same(before, state.world);
  };
  moves_.run_pass(state, false);
  if (changes()) return true;
  promises_.resting(state.world);
  tick(state);
  if (changes()) return true;
  if (wrong_at_rest(state.world).empty() || !forget_deleted(state.world.registry)) return false;
  ++findings_.weeks;
  return true;
}

/// A person deletes the object now.
void Search::check_deletion(const World& world) {
  if (!world.registry.picks_ids) return;
  const std::vector<Number> removed = book_.removed_by_deletion(world);
  for (const Client& client : world.registry.picked) {
    if (!client.present || std::ranges::find(removed, secret_of(client).id) != removed.end()) continue;
    // Its answer was lost with the process, or a person has taken away the fence.
    const Number operation = secret_of(client).operation;
    if (operation == world.object.status.fence.operation || operation == world.answer.operation) continue;
    promises_.break_promise("6: a deletion leaves a client behind");
  }
}

void Search::check_rest(const State& state) {
  const std::string refusal = book_.refusal_of(moves_.look(state.world, false));
  if (!refusal.empty()) return promises_.break_promise("the operator refuses: " + refusal);
  const std::string wrong = wrong_at_rest(state.world);
  if (!wrong.empty()) return promises_.break_promise(wrong);
  State asked = state;
  moves_.run_pass(asked, true);
  renumber(asked);
  if (!same(asked.world, state.world)) promises_.break_promise("4: a pass changes what is right");
}

std::vector<std::string> Search::path_to(std::uint32_t number) const {
  std::vector<std::string> path;
  for (;; number = nodes_[number].parent) {
    path.push_back(text_of(nodes_[number].label));
    if (number == 0) break;
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace apiclient::reconciler::model
