#pragma once
// Leader election by a Lease (coordination.k8s.io/v1). It is not a fence by itself: `may_write` must be asked
// before every write. `may_write` and `leading` are for any thread; acquire, hold and release are called one
// after another. Waits take real time; what has expired is decided by the clock given.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "runtime/lease_decision.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace apiclient::runtime {

struct LeaderElectorOptions {
  kube::ObjectKey lease;
  std::string identity;  ///< host name + "_" + random id
  std::chrono::milliseconds lease_duration{15'000};
  std::chrono::milliseconds renew_deadline{10'000};  ///< stop leading when no renewal succeeded for this long
  std::chrono::milliseconds retry_period{2'000};     ///< jittered up to 1.2 × while waiting
  std::string field_manager = "apiclient-operator";
  /// lease_duration > renew_deadline > 1.2 × retry_period.
  [[nodiscard]] Result<void> check() const;
};

class LeaderElector {
 public:
  /// `client` has short timeouts (≤ renew_deadline / 2), its own connections, and no fence.
  LeaderElector(kube::Client& client, LeaderElectorOptions options, const Clock& clock,
                telemetry::Metrics& metrics);

  /// Blocks until this replica leads; `cancelled` when stopped before. A released or deleted lease is seen by
  /// a watch on it and tried at once.
  Result<void> acquire(const std::stop_token& stop);
  /// Blocks, renewing, until stopped (success) or until the lease is lost (an error: the program must end).
  Result<void> hold(const std::stop_token& stop);
  /// Gives the lease back, so that another replica need not wait for expiry; also what may have been acquired
  /// right before the stop. Call after all workers have stopped.
  void release();

  /// The fencing check, on CLOCK_BOOTTIME.
  [[nodiscard]] bool may_write() const;
  [[nodiscard]] bool leading() const { return leading_; }

 private:
  /// True: this replica leads now. False: another one does.
  Result<bool> try_to_lead(const std::stop_token& stop);
  /// True: renewed. False: the lease is somebody else's.
  Result<bool> renew(const std::stop_token& stop);
  /// The same, ended when the renew deadline passes.
  Result<bool> renew_in_time(const std::stop_token& stop);
  /// One attempt; false when there is nothing more to do.
  Result<bool> try_to_release(const std::stop_token& stop);

  /// Reads the lease.
  Result<void> look(const std::stop_token& stop);
  /// Writes the lease as its new holder; from success on this replica leads.
  Result<void> claim(LeaseMove move, const std::stop_token& stop);
  /// As last seen; an empty record when there was none.
  [[nodiscard]] kube::Lease current() const;
  /// Creates or replaces the lease with this record.
  Result<void> store(const kube::Lease& lease, const std::stop_token& stop);
  Result<void> remember(Json object);

  /// Runs beside acquire: wakes it when the lease is free.
  void watch_lease(const std::stop_token& stop);
  void wake_when_free(const kube::WatchEvent& event);
  void wait_to_try(const std::stop_token& stop);
  void report_holder();

  [[nodiscard]] std::chrono::nanoseconds time_left() const;
  void step_down();

  kube::Client& client_;
  LeaderElectorOptions options_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  telemetry::Log log_;
  std::atomic<bool> leading_ = false;
  std::atomic<BootTime> last_renewal_began_{BootTime{}};

  std::optional<LeaseSighting> seen_;
  std::shared_ptr<const Json>
      object_;                  ///< the lease as stored: what is not ours in it is written back unchanged
  bool claim_is_open_ = false;  ///< whether the lease was acquired is not known
  std::string reported_holder_;

  std::mutex mutex_;  ///< guards the two below
  std::condition_variable_any woken_;
  bool free_ = false;         ///< the watch saw that the lease is free
  std::string seen_version_;  ///< where the watch begins
};

}  // namespace apiclient::runtime
