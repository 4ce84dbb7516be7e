#pragma once
// Looks at every state that can be reached, breadth first, so that the path to a broken promise is a shortest
// one. From each state between two passes it also lets the operator go on undisturbed, and looks whether
// everything is right in the end.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "unit/reconciler/model/model_moves.h"

namespace apiclient::reconciler::model {

struct Findings {
  std::size_t states = 0;
  std::size_t transitions = 0;
  std::size_t plans = 0;  ///< different ones
  int longest_way = 0;    ///< passes that it takes at most until nothing changes any more
  std::size_t weeks = 0;  ///< worlds that are put right only when the registry has forgotten what was deleted
  std::size_t lost = 0;   ///< moves that leave a client behind that nobody can name; the product counts each
  std::string broken = {};             ///< the first promise that was broken; empty: all are kept
  std::vector<std::string> path = {};  ///< to it, in words
};

class Search {
 public:
  Search(const Setting& setting, Planner planner);

  Findings run();

 private:
  struct Node {
    const State* state;
    std::uint32_t parent;
    Label label;
  };

  void reach(const State& state, std::uint32_t parent, Label label);
  void expand(std::uint32_t number);
  /// Passes until nothing changes any more, time going on.
  void settle(State state);
  /// One pass, else one tick, else a week where that may help; false when nothing changes any more.
  bool advance(State& state);
  void check_deletion(const World& world);
  void check_rest(const State& state);
  [[nodiscard]] std::vector<std::string> path_to(std::uint32_t number) const;

  Setting setting_;
  PlanBook book_;
  Promises promises_;
  Moves moves_;
  std::unordered_map<State, std::uint32_t, Hash<State>, Same<State>> numbers_;
  std::vector<Node> nodes_;
  std::unordered_set<World, Hash<World>, Same<World>> settling_;
  Findings findings_;
};

}  // namespace apiclient::reconciler::model
