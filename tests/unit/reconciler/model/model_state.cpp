#include "unit/reconciler/model/model_state.h"

#include <algorithm>
#include <utility>

namespace apiclient::reconciler::model {
namespace {

/// Every place of a world, or of a view, that holds the number of a secret or of an operation.
template <typename Parts>
void each_secret(Parts& parts, Client& client, const auto& visit) {
  visit(parts.staged.operation);
  visit(parts.target.operation);
  visit(parts.target.value);
  for (Credential& credential : client.credentials) {
    visit(credential.operation);
    visit(credential.value);
  }
}
template <typename Parts>
void each_credential(Parts& parts, Client& client, const auto& visit) {
  visit(parts.target.credential);
  for (Credential& credential : client.credentials) visit(credential.id);
  visit(parts.object.status.credential);
  visit(parts.object.status.previous_credential);
}

void each_secret(State& state, const auto& visit) {
  each_secret(state.world, state.world.registry.client, visit);
  visit(state.world.backup.operation);
  visit(state.world.backup.value);
  for (Pass* pass : {&state.pass, &state.old_pass}) {
    if (pass->under_way()) each_secret(pass->seen, pass->seen.client, visit);
  }
}
void each_credential(State& state, const auto& visit) {
  each_credential(state.world, state.world.registry.client, visit);
  visit(state.world.backup.credential);
  for (Pass* pass : {&state.pass, &state.old_pass}) {
    if (pass->under_way()) each_credential(pass->seen, pass->seen.client, visit);
  }
}

/// Numbers in the order in which they come.
class Renaming {
 public:
  void operator()(Number& number) {
    if (number == 0 || number == kForeignValue) return;
    if (names_[number] == 0) names_[number] = ++count_;
    number = names_[number];
  }
  [[nodiscard]] Number name_of(std::size_t number) const { return names_[number]; }

 private:
  std::array<Number, 16> names_{};
  Number count_ = 0;
};

Number lowest_unused(const std::array<bool, 16>& used) {
  const auto found = std::find(used.begin() + 1, used.end(), false);
  return static_cast<Number>(found - used.begin());
}

}  // namespace

std::string text_of(Token token) {
  switch (token) {
    case Token::none: return "";
    case Token::r1: return "r1";
    case Token::r1_now: return "r1:now";
    case Token::r2: return "r2";
    case Token::r2_now: return "r2:now";
  }
  return "?";
}

std::size_t id_of(Token token) { return token == Token::r1 || token == Token::r1_now ? 0 : 1; }
bool says_now(Token token) { return token == Token::r1_now || token == Token::r2_now; }

State first_state(Budget budget) {
  State state{};
  state.world.object.uid = 1;
  state.budget = budget;
  return state;
}

Number fresh_secret(const State& state) {
  State copy = state;
  std::array<bool, 16> used{};
  used[kForeignValue] = true;
  for (std::size_t number = 1; number < used.size(); ++number) {
    used[number] = used[number] || state.world.registry.deleted[number];
  }
  each_secret(copy, [&](Number& number) { used[number] = true; });
  return lowest_unused(used);
}

Number fresh_credential(const State& state) {
  State copy = state;
  std::array<bool, 16> used{};
  each_credential(copy, [&](Number& number) { used[number] = true; });
  return lowest_unused(used);
}

void renumber(State& state) {
  if (state.pass.under_way() || state.old_pass.under_way()) return;
  Renaming secrets;
  Renaming credentials;
  each_secret(state, [&](Number& number) { secrets(number); });
  each_credential(state, [&](Number& number) { credentials(number); });
  const auto before = std::exchange(state.world.registry.deleted, {});
  for (std::size_t number = 1; number < kForeignValue; ++number) {
    if (before[number] && secrets.name_of(number) != 0)
      state.world.registry.deleted[secrets.name_of(number)] = true;
  }
}

void let_pass(Status& status) {
  for (Time* time : {&status.previous_retire_at, &status.last_time, &status.issued_at}) {
    if (*time > past) *time = static_cast<Time>(*time - 1);
  }
}

void set_back(Status& status) {
  for (Time* time : {&status.previous_retire_at, &status.last_time, &status.issued_at}) {
    if (*time > past && *time < in_three) *time = static_cast<Time>(*time + 1);
  }
}

const Credential* find_credential(const Client& client, Number Credential::*member, Number number) {
  const auto found = std::ranges::find_if(client.credentials, [&](const Credential& credential) {
    return credential.revision != 0 && credential.*member == number;
  });
  return found == client.credentials.end() ? nullptr : &*found;
}

std::size_t count_credentials(const Client& client) {
  return static_cast<std::size_t>(
      std::ranges::count_if(client.credentials, [](const Credential& one) { return one.revision != 0; }));
}

bool add_credential(Client& client, const Credential& credential) {
  const std::size_t count = count_credentials(client);
  if (count == kMaxSecrets) return false;
  client.credentials[count] = credential;
  std::ranges::stable_sort(client.credentials.begin(), client.credentials.begin() + count + 1, {},
                           &Credential::revision);
  return true;
}

void remove_credential(Client& client, Number id) {
  auto& all = client.credentials;
  const auto left = std::ranges::remove_if(
      all, [&](const Credential& credential) { return credential.revision == 0 || credential.id == id; });
  std::ranges::fill(left, Credential{});
}

bool forget_deleted(Registry& registry) {
  const Registry before = registry;
  registry.buried_uid = registry.buried_revision = 0;
  registry.deleted = {};
  return !same(before, registry);
}

bool stores(const Client& client, Number value) {
  return client.present && find_credential(client, &Credential::value, value) != nullptr;
}

}  // namespace apiclient::reconciler::model
