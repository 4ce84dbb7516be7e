#pragma once
// The promises of docs/architecture.md, asked at each write and in each settled state. Remembers the first
// one that was broken.

#include <string>

#include "unit/reconciler/model/model_state.h"

namespace apiclient::reconciler::model {

enum class Retirement {
  oldest,    ///< to make room
  older,     ///< its overlap is over, or was cut
  replaced,  ///< by the staged one, in a registry of one secret
  rejected,  ///< a new secret that does not work
};

class Promises {
 public:
  explicit Promises(Budget budget) : budget_(budget) {}

  /// Empty: all are kept.
  [[nodiscard]] const std::string& broken() const { return broken_; }

  // Before a write of `pass`
  void staging(const State& state, const Pass& pass, Token token);
  void creating(const State& state, const Pass& pass);
  void retiring(const State& state, const Pass& pass, const Credential& credential, Retirement why);
  void publishing(const State& state, const Pass& pass, const Target& wanted);
  void unstaging(const State& state, const Pass& pass);
  void telling(const Status& after);

  // Where the server picks ids: before a write of `pass`
  void registering(const State& state, const Pass& pass, const Fence& fence);
  void removing(const State& state, const Pass& pass, const Client& client, Retirement why);
  /// A registration without an answer is given up, and counted.
  void lose(State& state, Number operation);
  /// Of each state that the operator has come to.
  void standing(const State& state);
  /// Of a world that time alone changes.
  void resting(const World& world);
  [[nodiscard]] std::size_t lost() const { return lost_; }

  void break_promise(std::string text);

 private:
  void retiring_older(const State& state, const Pass& pass, const Credential& credential);
  void removing_older(const State& state, const Pass& pass, const Client& client);

  Budget budget_;
  std::size_t lost_ = 0;  ///< clients that were left behind, and counted
  std::string broken_;
};

/// What is wrong with a world that no pass changes any more; empty: nothing.
std::string wrong_at_rest(const World& world);

/// Where a person has taken away every memory of something, nothing is promised about it any more.
void forget_what_nobody_knows(State& state);
/// The same of clients where the server picks their ids.
void excuse_what_nobody_knows(State& state);
/// Clients whose registration was let go are in nobody's way any more. True when there was one.
bool leave_behind(State& state);

}  // namespace apiclient::reconciler::model
