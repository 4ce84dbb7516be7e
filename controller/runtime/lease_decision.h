#pragma once
// Who may lead and what is then written, decided from what was seen. Pure. The rules are those of client-go's
// leader election, with a stricter check before writes.

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/lease.h"

namespace apiclient::runtime {

/// The lease as last seen, and when its record last changed by our own clock. Expiry is judged from that,
/// never from the times inside the record, so clocks of replicas may differ.
struct LeaseSighting {
  kube::Lease lease;
  BootTime changed_at;
};

/// `lease` was seen at `now`. A change of anything but the record (labels, for example) is no sign of life.
LeaseSighting sight(const std::optional<LeaseSighting>& before, kube::Lease lease, BootTime now);

enum class LeaseMove { create, take, renew, wait };

/// `seen` is empty when the lease does not exist.
LeaseMove decide(const std::optional<LeaseSighting>& seen, const std::string& self, BootTime now);

struct LeaseClaim {
  std::string identity;
  std::chrono::milliseconds lease_duration;  ///< written in whole seconds, rounded up
  WallTime at;
};

/// The record after a create, take or renew. A take is a transition; a create starts with none.
kube::Lease next_lease(const kube::Lease& current, LeaseMove move, const LeaseClaim& claim);
/// The record without a holder: anybody may take it at once.
kube::Lease released_lease(const kube::Lease& current, WallTime at);

/// True while writes are safe: the last successful renewal *began* less than `renew_deadline` ago by a clock
/// that counts suspended time. A frozen process that wakes up gets false here before anything else happens.
bool may_write(BootTime last_renewal_began, std::chrono::milliseconds renew_deadline, BootTime now);

}  // namespace apiclient::runtime
