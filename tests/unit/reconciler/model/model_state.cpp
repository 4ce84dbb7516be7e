#include "unit/reconciler/model/model_state.h"

#include <algorithm>
#include <utility>

namespace apiclient::reconciler::model {
namespace {

/// Every place of a world, or of a view, that holds the number of a secret or of an operation.
void each_secret(Client& client, const auto& visit) {
  for (Credential& credential : client.credentials) {
    visit(credential.operation);
    visit(credential.value);
  }
}
template <typename Parts>
void each_secret(Parts& parts, Client& client, const auto& visit) {
  visit(parts.staged.operation);
  visit(parts.target.operation);
  visit(parts.target.value);
  each_secret(client, visit);
  visit(parts.object.status.fence.operation);
}
void each_credential(Client& client, const auto& visit) {
  for (Credential& credential : client.credentials) visit(credential.id);
}
template <typename Parts>
void each_credential(Parts& parts, Client& client, const auto& visit) {
  visit(parts.target.credential);
  each_credential(client, visit);
  visit(parts.object.status.credential);
  visit(parts.object.status.previous_credential);
  visit(parts.staged.credential);
}

void each_secret(State& state, const auto& visit) {
  each_secret(state.world, state.world.registry.client, visit);
  for (Client& client : state.world.registry.picked) each_secret(client, visit);
  visit(state.world.backup.operation);
  visit(state.world.backup.value);
  visit(state.world.answer.operation);
  visit(state.old_answer.operation);
  for (Pass* pass : {&state.pass, &state.old_pass}) {
    if (pass->under_way()) each_secret(pass->seen, pass->seen.client, visit);
  }
}
void each_credential(State& state, const auto& visit) {
  each_credential(state.world, state.world.registry.client, visit);
  for (Client& client : state.world.registry.picked) each_credential(client, visit);
  visit(state.world.backup.credential);
  visit(state.world.answer.credential);
  visit(state.old_answer.credential);
  for (Pass* pass : {&state.pass, &state.old_pass}) {
    if (!pass->under_way()) continue;
    each_credential(pass->seen, pass->seen.client, visit);
    visit(pass->seen.client_id);
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

auto* find_client(auto& clients, Number id) {
  const auto found = std::ranges::find_if(
      clients, [id](const Client& client) { return client.present && secret_of(client).id == id; });
  return found == clients.end() ? nullptr : &*found;
}

/// Flags by the number of an operation, under its new number.
void rename(std::array<bool, 16>& flags, const Renaming& secrets) {
  const auto before = std::exchange(flags, {});
  for (std::size_t number = 1; number < kForeignValue; ++number) {
    if (before[number] && secrets.name_of(number) != 0) flags[secrets.name_of(number)] = true;
  }
}

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

State first_state(Budget budget, bool picks_ids) {
  State state{};
  state.world.object.uid = 1;
  state.world.registry.picks_ids = picks_ids;
  state.budget = budget;
  return state;
}

Number fresh_secret(const State& state) {
  State copy = state;
  std::array<bool, 16> used{};
  used[kForeignValue] = true;
  for (std::size_t number = 1; number < used.size(); ++number) {
    used[number] = used[number] || state.world.registry.deleted[number] || state.ghost.let_go[number];
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
  rename(state.world.registry.deleted, secrets);
  rename(state.ghost.let_go, secrets);
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

Client* find_picked(Registry& registry, Number id) { return find_client(registry.picked, id); }
const Client* find_picked(const Registry& registry, Number id) { return find_client(registry.picked, id); }

bool add_picked(Registry& registry, const Client& client) {
  const std::size_t count = count_picked(registry);
  if (count == kMostClients) return false;
  registry.picked[count] = client;
  return true;
}

void remove_picked(Registry& registry, Number id) {
  const auto left = std::ranges::remove_if(
      registry.picked, [id](const Client& client) { return !client.present || secret_of(client).id == id; });
  std::ranges::fill(left, Client{});
}

std::size_t count_picked(const Registry& registry) {
  return static_cast<std::size_t>(std::ranges::count_if(registry.picked, &Client::present));
}

bool is_named(const State& state, Number id) {
  const World& world = state.world;
  const Status& status = world.object.status;
  return std::ranges::any_of(
      std::array{world.staged.credential, world.target.credential, world.answer.credential,
                 state.old_answer.credential, status.credential, status.previous_credential},
      [id](Number named) { return named == id; });
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

bool authenticates(const Registry& registry, const Target& target) {
  if (!registry.picks_ids) return stores(registry.client, target.value);
  const Client* client = find_picked(registry, target.credential);
  return client != nullptr && stores(*client, target.value);
}

}  // namespace apiclient::reconciler::model
