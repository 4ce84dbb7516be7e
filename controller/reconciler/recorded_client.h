#pragma once
// A client that a server registered for an ApiClient, as its record says: also one that nothing else names,
// because the pass that had it registered came to its end. Plain values.

#include <cstdint>
#include <string>

namespace apiclient::reconciler {

struct RecordedClient {
  std::string client_id = {};
  std::int64_t revision = 0;  ///< with which it was registered

  bool operator==(const RecordedClient&) const = default;
};

}  // namespace apiclient::reconciler
