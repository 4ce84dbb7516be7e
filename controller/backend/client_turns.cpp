#include "backend/client_turns.h"

#include <utility>

namespace apiclient::backend {

ClientTurns::Turn::Turn(ClientTurns& turns, std::string client_id)
    : turns_(turns), client_id_(std::move(client_id)) {
  std::unique_lock lock(turns_.mutex_);
  turns_.given_back_.wait(lock, [this] { return turns_.taken_.insert(client_id_).second; });
}

ClientTurns::Turn::~Turn() {
  {
    const std::scoped_lock lock(turns_.mutex_);
    turns_.taken_.erase(client_id_);
  }
  turns_.given_back_.notify_all();
}

}  // namespace apiclient::backend
