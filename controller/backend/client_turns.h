#pragma once
// Calls about one client follow one another, where one call may make the token of the next one worthless.
// Those about other clients do not wait for them. Thread-safe.

#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_set>

namespace apiclient::backend {

class ClientTurns {
 public:
  /// Nobody else has this client until it goes. The ClientTurns outlive it.
  class Turn {
   public:
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    friend class ClientTurns;
    Turn(ClientTurns& turns, std::string client_id);

    ClientTurns& turns_;
    const std::string client_id_;
  };

  /// Blocks while somebody else has it. A thread takes one at a time.
  [[nodiscard]] Turn take(const std::string& client_id) { return {*this, client_id}; }

 private:
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::unordered_set<std::string> taken_;
};

}  // namespace apiclient::backend
