#include "runtime/lease_decision.h"

#include <tuple>
#include <utility>

namespace apiclient::runtime {

LeaseMove decide(const std::optional<LeaseSighting>& seen, const std::string& self, BootTime now) {
  if (!seen) return LeaseMove::create;
  const kube::Lease& lease = seen->lease;
  if (lease.holder_identity == self) return LeaseMove::renew;
  if (lease.holder_identity.empty()) return LeaseMove::take;
  return now - seen->changed_at > lease.lease_duration ? LeaseMove::take : LeaseMove::wait;
}

kube::Lease next_lease(const kube::Lease& current, LeaseMove move, const LeaseClaim& claim) {
  kube::Lease next = current;
  next.holder_identity = claim.identity;
  next.lease_duration = std::chrono::ceil<std::chrono::seconds>(claim.lease_duration);
  next.renew_time = claim.at;
  if (move != LeaseMove::renew) next.acquire_time = claim.at;
  if (move == LeaseMove::take) ++next.lease_transitions;
  return next;
}

kube::Lease released_lease(const kube::Lease& current, WallTime at) {
  kube::Lease next = current;
  next.holder_identity.clear();
  next.lease_duration = std::chrono::seconds(1);
  next.renew_time = at;
  return next;
}

LeaseSighting sight(const std::optional<LeaseSighting>& before, kube::Lease lease, BootTime now) {
  const auto record = [](const kube::Lease& of) {
    return std::tie(of.uid, of.holder_identity, of.lease_duration, of.acquire_time, of.renew_time,
                    of.lease_transitions);
  };
  const bool same = before && record(before->lease) == record(lease);
  return {.lease = std::move(lease), .changed_at = same ? before->changed_at : now};
}

bool may_write(BootTime last_renewal_began, std::chrono::milliseconds renew_deadline, BootTime now) {
  return now - last_renewal_began < renew_deadline;
}

}  // namespace apiclient::runtime
