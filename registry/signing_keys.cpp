#include "registry/signing_keys.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"

namespace apiclient::registry {
namespace {

constexpr std::chrono::hours kNoticedLate{1};

}  // namespace

std::vector<PreviousKey> keys_still_needed(const std::vector<PreviousKey>& previous,
                                           std::chrono::seconds longest_life, WallTime now) {
  std::vector<PreviousKey> needed;
  for (const auto& key : previous)
    if (now < key.retired_at + longest_life + kNoticedLate) needed.push_back(key);
  return needed;
}

Result<std::unique_ptr<SigningKeys>> SigningKeys::load(const std::string& path, const Secret& hash_key,
                                                       const TokenLifetimes& lifetimes, const Clock& clock) {
  std::unique_ptr<SigningKeys> keys(new SigningKeys(path, hash_key.clone(), lifetimes, clock));
  ASSIGN_OR_RETURN(*keys->state_.lock(), keys->read_state());
  return keys;
}

Result<std::string> SigningKeys::sign(const Json& claims) { return current()->signer->sign(claims); }

std::string SigningKeys::key_id() { return current()->signer->key_id(); }

std::string SigningKeys::key_set() {
  const auto generation = current();
  const auto previous = keys_still_needed(generation->previous, lifetimes_.longest(), clock_.wall_now());
  if (previous.empty()) return generation->signer->key_set();
  Json set = json::parse(generation->signer->key_set()).value_or(Json::object());
  for (const auto& key : previous)
    if (auto jwk = json::parse(key.public_jwk)) set["keys"].push_back(*std::move(jwk));
  return json::dump(set);
}

std::shared_ptr<const SigningKeys::Generation> SigningKeys::current() {
  auto state = state_.lock();
  refresh(*state);
  return state->generation;
}

Result<SigningKeys::State> SigningKeys::read_state() const {
  const auto stamp = FileStamp::of(path_);
  ASSIGN_OR_RETURN(Keys keys, load_keys(path_, false));
  if (!(keys.hash_key == hash_key_))
    return fail(ErrorKind::invalid, "key file " + path_ + ": the hash key is another one");
  auto signer = TokenSigner::make(keys.signing_key);
  if (!signer) return fail(std::move(signer).error().in("key file " + path_));
  return State{.generation = std::make_shared<const Generation>(
                   Generation{.signer = *std::move(signer), .previous = std::move(keys.previous)}),
               .stamp = stamp,
               .settled = stamp.is_settled(),
               .complained = false};
}

void SigningKeys::refresh(State& state) {
  if (state.settled && FileStamp::of(path_) == state.stamp) return;
  auto fresh = read_state();
  if (!fresh) {
    if (!std::exchange(state.complained, true))
      log_.error("cannot read key file; the last keys stay in force", {{"error", fresh.error().message}});
    return;
  }
  if (fresh->generation->signer->key_id() != state.generation->signer->key_id())
    log_.info("signing key was replaced", {{"key_id", fresh->generation->signer->key_id()},
                                           {"previous_key_id", state.generation->signer->key_id()}});
  state = *std::move(fresh);
}

}  // namespace apiclient::registry
