#pragma once
// What a server answered that makes id and secret itself, from the answer until it is staged: the only copy
// there is. Kept by ApiClient in memory that is wiped on free, so that the next pass stages it without asking
// again; lost with the process, and then the client in the registry is lost with it. Thread-safe.

#include <optional>
#include <string>
#include <unordered_map>

#include "backend/client.h"
#include "base/guarded.h"

namespace apiclient::reconciler {

/// What is known of the registration that a fence speaks of.
enum class FencedOutcome {
  unknown,   ///< sent perhaps, the answer lost: a client may have been left behind
  not_done,  ///< certainly not carried out: it can be sent again under the same fence
  answered,  ///< here, and not staged yet
};

class RegistrationAnswers {
 public:
  [[nodiscard]] FencedOutcome outcome(const std::string& uid, const std::string& operation_id) const;
  void keep(const std::string& uid, const std::string& operation_id, backend::Registration answer);
  void note_not_done(const std::string& uid, const std::string& operation_id);
  /// Empty when it is another operation's, or was taken before; `keep` brings it back.
  std::optional<backend::Registration> take(const std::string& uid, const std::string& operation_id);
  /// Of the answer that is kept; empty when there is none.
  [[nodiscard]] std::string client_id(const std::string& uid) const;
  void forget(const std::string& uid);

 private:
  struct Entry {
    std::string operation_id = {};
    std::optional<backend::Registration> answer = {};
  };
  mutable Guarded<std::unordered_map<std::string, Entry>> entries_;
};

}  // namespace apiclient::reconciler
