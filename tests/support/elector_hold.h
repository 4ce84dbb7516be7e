#pragma once
// Holds the leader elector of the controller's test build where it reads the clock: nowhere else can it be
// stopped without a lock in its hands that the rest of the process waits for (that of an allocator, say).

#include <atomic>

namespace apiclient::test {

extern std::atomic<bool> elector_must_wait;  ///< set and cleared by a signal handler, too
extern std::atomic<bool> elector_waits;

}  // namespace apiclient::test
