#pragma once
// Everything that the planner can come to see of one ApiClient, small enough to list all of it: revisions,
// secrets and times are small numbers. Plain values without padding, so that they are compared and hashed as
// bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace apiclient::reconciler::model {

using Number = std::uint8_t;

/// A time as seen from now, in ticks of an hour. An overlap is one tick.
enum Time : Number { never, past, now, in_one, in_two, in_three };

/// The annotation apiclient.dev/rotate.
enum class Token : Number { none, r1, r1_now, r2, r2_now };
inline constexpr std::array kTokens{Token::none, Token::r1, Token::r1_now, Token::r2, Token::r2_now};
std::string text_of(Token token);
/// 0 and 1: which of the two ids.
std::size_t id_of(Token token);
bool says_now(Token token);

enum class Reason : Number { none, requested, recovered };
enum class Verdict : Number { not_asked, accepted, rejected, unknown };

/// The value of a secret that a person has written over ours.
inline constexpr Number kForeignValue = 15;

/// Of the registration that a fence speaks of: FencedOutcome of the product.
enum class Outcome : Number { unknown, not_done, answered };

/// `status.rotation.inProgress`, where the server picks ids.
struct Fence {
  Number operation;  ///< 0: there is none
  Number revision;
  Token token;
  bool recovers;
};

/// Where the server picks ids, a credential's number is the id of its client.
struct Status {
  Number revision;  ///< 0: nothing was issued
  Number credential;
  Number previous_revision;
  Number previous_credential;
  Time previous_retire_at;
  Token last_token;
  Number handled;  ///< bit set of ids
  bool revoked;
  Time last_time;
  Time issued_at;
  Reason last_reason;
  Token refused_token;
  Fence fence;
};

struct Object {
  Token rotate;
  bool revoke;
  bool no_overlap;
  bool suspended;
  Number uid;
  bool finalizer;
  Status status;
};

/// Its value bears the number of its operation.
struct Staged {
  Number revision;  ///< 0: there is none
  Number operation;
  Number credential;  ///< only where the server picks ids
  Token token;
  bool recovers;
  bool was_published;  ///< not seen by the planner
};

struct Target {
  Number revision;  ///< 0: there is none
  Number owner;     ///< uid
  Number operation;
  Number credential;
  Number value;
  Number handled;
  bool revoked;
  bool overwritten;  ///< by another writer, as managedFields tell
};

struct Credential {
  Number revision;  ///< 0: none
  Number operation;
  Number value;
  Number id;
};

inline constexpr std::size_t kMaxSecrets = 3;

struct Client {
  bool present;
  Number mark_uid;
  Number mark_revision;
  bool disabled;
  std::array<Credential, kMaxSecrets> credentials;  ///< by revision, oldest first; gaps at the end
};

/// Two of an overlap, a new one, and one that is on its way.
inline constexpr std::size_t kMostClients = 4;

/// The embedded registry (docs/registry-api.md), or one that picks ids and makes secrets.
struct Registry {
  Client client;
  bool picks_ids;
  std::array<Client, kMostClients>
      picked;      ///< then these are the clients, each with one secret; gaps at the end
  Number highest;  ///< revision that was seen
  Number buried_uid;
  Number buried_revision;
  bool lost;                     ///< its database was emptied, and nobody has accepted that
  std::array<bool, 16> deleted;  ///< operations whose secret was deleted
};

/// What the operator's memory holds of a registration until it is staged; lost with the process.
struct Answer {
  Number operation;   ///< 0: nothing
  Number credential;  ///< id of the client; 0: certainly not registered
};

struct World {
  Object object;
  Staged staged;
  Target target;
  Target backup;  ///< the target of the revision before
  Registry registry;
  Answer answer;
  bool clock_ahead;  ///< the operator's clock runs a tick ahead, and the operator can tell
};

/// What a pass has read, kept up to date with what its own steps did.
struct View {
  Object object;
  Staged staged;
  Target target;
  Client client;
  Number client_id;  ///< that was looked up; only where the server picks it
  Outcome outcome;
  Verdict verdict;
  bool clock_trusted;
};

struct Pass {
  std::uint16_t plan;  ///< number in the PlanBook; 0: no pass is under way
  Number step;
  Number call;  ///< of a step that calls the registry several times
  View seen;
  bool object_current;  ///< nobody else has written since it was read
  bool target_current;
  bool target_meddled;  ///< a person has, and no write of this pass came after
  bool registry_meddled;
  bool wrote_target;
  bool may_cut;  ///< somebody said that the overlap is over, or there is none

  [[nodiscard]] bool under_way() const { return plan != 0; }
};

/// What nobody in the model sees: it says whether the promises were kept.
struct Ghost {
  std::array<Number, 2> rotations;  ///< by id
  Number superseded_for_long;       ///< what is below was superseded a tick ago or longer, in true time
  Number highest_published;
  Number mints;
  bool works;  ///< what is published did, after the last write of it or the last fault
  /// Registrations that were counted as lost, or whose memory a person has taken away; by operation.
  std::array<bool, 16> let_go;
};

/// How much more may happen on a path.
struct Budget {
  Number wishes;
  Number faults;
  Number freezes;
};

struct State {
  Pass pass;
  Pass old_pass;  ///< of a leader that was deposed in the middle of it
  Answer old_answer;
  World world;
  Ghost ghost;
  Budget budget;
  bool old_pass_writes;  ///< false: only the registry call that was under way still arrives
};

template <typename T>
concept Bytes = std::has_unique_object_representations_v<T>;
static_assert(Bytes<State> && Bytes<View> && Bytes<World>);

template <Bytes T>
bool same(const T& left, const T& right) {
  return std::memcmp(&left, &right, sizeof(T)) == 0;
}
template <Bytes T>
struct Same {
  bool operator()(const T& left, const T& right) const { return same(left, right); }
};
template <Bytes T>
struct Hash {
  std::size_t operator()(const T& value) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(&value), sizeof(T)});
  }
};

/// An ApiClient that was just created.
State first_state(Budget budget, bool picks_ids);

/// A number that nothing in the state bears yet, for a secret and its operation, or for a credential's id.
Number fresh_secret(const State& state);
Number fresh_credential(const State& state);
/// The same state with its secrets and credentials numbered in one order, so that states that differ in names
/// only are one. Not while a pass holds on to the numbers.
void renumber(State& state);

/// Every time of the status comes nearer by a tick, or goes away by one.
void let_pass(Status& status);
void set_back(Status& status);

/// Null when there is none.
const Credential* find_credential(const Client& client, Number Credential::*member, Number number);
std::size_t count_credentials(const Client& client);
/// Keeps the order; false when it is full.
bool add_credential(Client& client, const Credential& credential);
void remove_credential(Client& client, Number id);

/// Where the server picks ids. Null when there is none.
Client* find_picked(Registry& registry, Number id);
const Client* find_picked(const Registry& registry, Number id);
/// False when there is no room for it.
bool add_picked(Registry& registry, const Client& client);
void remove_picked(Registry& registry, Number id);
std::size_t count_picked(const Registry& registry);
/// The one secret of such a client.
inline const Credential& secret_of(const Client& picked) { return picked.credentials[0]; }
/// Something remembers its id.
bool is_named(const State& state, Number id);

/// After a week the registry forgets what was deleted. False when there is nothing to forget.
bool forget_deleted(Registry& registry);

/// The registry has this value among the client's secrets.
bool stores(const Client& client, Number value);
/// The registry has what is published; a disabled client counts.
bool authenticates(const Registry& registry, const Target& target);

}  // namespace apiclient::reconciler::model
