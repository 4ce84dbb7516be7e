#include "runtime/leader_elector.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/random.h"
#include "runtime/pause.h"
#include "runtime/thread_entry.h"

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// client-go's JitterFactor.
constexpr double kJitter = 1.2;

/// A stop token that also asks to stop after `limit`, so that a call cannot outlast the lease.
class TimedStop {
 public:
  TimedStop(const std::stop_token& outer, nanoseconds limit)
      : asked_(outer, Ask{source_}), timer_([this, limit](const std::stop_token& finished) {
          pause(limit, finished);
          if (!finished.stop_requested()) source_.request_stop();
        }) {}

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  struct Ask {
    std::stop_source& source;
    void operator()() const { source.request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Ask> asked_;
  std::jthread timer_;
};

bool is_free(const kube::WatchEvent& event) {
  if (std::holds_alternative<kube::ObjectDeleted>(event)) return true;
  const auto* changed = std::get_if<kube::ObjectChanged>(&event);
  if (changed == nullptr) return false;
  const auto lease = kube::read_lease(changed->object);
  return lease && lease->holder_identity.empty();
}

/// Somebody else has written the lease since it was read.
bool was_faster(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::already_exists;
}

/// What is cancelled may have been sent.
bool may_be_stored(const Error& error) {
  return outcome_unknown(error) || error.kind == ErrorKind::cancelled;
}

}  // namespace

Result<void> LeaderElectorOptions::check() const {
  if (lease.namespace_name.empty() || lease.name.empty()) {
    return fail(ErrorKind::invalid, "leader election needs a namespace and a name for its Lease");
  }
  if (identity.empty()) return fail(ErrorKind::invalid, "leader election needs an identity");
  if (retry_period <= milliseconds(0)) return fail(ErrorKind::invalid, "the retry period must be positive");
  if (renew_deadline <= std::chrono::duration<double, std::milli>(retry_period) * kJitter) {
    return fail(ErrorKind::invalid, "the renew deadline must be longer than 1.2 × the retry period");
  }
  if (lease_duration <= renew_deadline) {
    return fail(ErrorKind::invalid, "the lease duration must be longer than the renew deadline");
  }
  return {};
}

LeaderElector::LeaderElector(kube::Client& client, LeaderElectorOptions options, const Clock& clock,
                             telemetry::Metrics& metrics)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      log_(telemetry::Log().with({{"lease", options_.lease.text()}, {"identity", options_.identity}})) {
  metrics_.leading(false);
}

// Acquire
// -----------------------------------------------------------------------------------------------------

Result<void> LeaderElector::acquire(const std::stop_token& stop) {
  const std::jthread watcher([this](const std::stop_token& ended) {
    name_this_thread("lease watch");
    const auto result = run_guarded([&]() -> Result<void> { return watch_lease(ended), Result<void>(); });
    if (!result) log_.error("the watch on the lease ended", {{"error", result.error().message}});
  });
  while (!stop.stop_requested()) {
    auto leads = try_to_lead(stop);
    if (leads && *leads) {
      log_.info("leading", {{"transitions", seen_->lease.lease_transitions}});
      return {};
    }
    if (stop.stop_requested()) break;
    leads ? report_holder() : log_.warning("the lease cannot be had", {{"error", leads.error().message}});
    wait_to_try(stop);
  }
  return fail(ErrorKind::cancelled, "stopped before this replica led");
}

Result<bool> LeaderElector::try_to_lead(const std::stop_token& stop) {
  {
    const std::scoped_lock lock(mutex_);
    free_ = false;
  }
  RETURN_IF_ERROR(look(stop));
  const LeaseMove move = decide(seen_, options_.identity, clock_.now());
  if (move == LeaseMove::wait) return false;
  const auto claimed = claim(move, stop);
  if (claimed) return true;
  return was_faster(claimed.error()) ? Result<bool>(false) : fail(claimed.error());
}

void LeaderElector::watch_lease(const std::stop_token& stop) {
  kube::WatchOptions options{.namespace_name = options_.lease.namespace_name,
                             .field_selector = "metadata.name=" + options_.lease.name};
  while (!stop.stop_requested()) {
    {
      const std::scoped_lock lock(mutex_);
      options.resource_version = seen_version_;
    }
    const auto ended = client_.watch(
        kube::kLeases, options,
        [this](kube::WatchEvent&& event) {
          wake_when_free(event);
          return Result<void>();
        },
        stop);
    if (!ended) log_.debug("watch on the lease failed", {{"error", ended.error().message}});
    pause(options_.retry_period, stop);
  }
}

void LeaderElector::wake_when_free(const kube::WatchEvent& event) {
  if (!is_free(event)) return;
  const std::scoped_lock lock(mutex_);
  free_ = true;
  woken_.notify_all();
}

void LeaderElector::wait_to_try(const std::stop_token& stop) {
  const std::chrono::duration<double, std::milli> period =
      options_.retry_period * (1.0 + (kJitter - 1.0) * random_unit());
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, period, [this] { return free_; });
}

void LeaderElector::report_holder() {
  const std::string holder = seen_ ? seen_->lease.holder_identity : "";
  if (holder.empty() || holder == reported_holder_) return;
  reported_holder_ = holder;
  log_.info("another replica leads", {{"holder", holder}});
}

// Hold and release
// --------------------------------------------------------------------------------------------

Result<void> LeaderElector::hold(const std::stop_token& stop) {
  while (true) {
    pause(std::min<nanoseconds>(options_.retry_period, time_left()), stop);
    if (stop.stop_requested()) return {};
    auto renewed = renew_in_time(stop);
    if (renewed && *renewed) continue;
    if (renewed) {
      step_down();
      return fail(ErrorKind::conflict, "the lease was lost to \"" + seen_->lease.holder_identity + "\"");
    }
    if (stop.stop_requested()) return {};
    log_.warning("the lease was not renewed", {{"error", renewed.error().message}});
    if (may_write()) continue;
    step_down();
    return fail(std::move(renewed).error().in("the lease was lost"));
  }
}

Result<bool> LeaderElector::renew_in_time(const std::stop_token& stop) {
  if (!may_write()) return fail(ErrorKind::timeout, "the renew deadline has passed");
  const TimedStop limit(stop, time_left());
  return renew(limit.token());
}

Result<bool> LeaderElector::renew(const std::stop_token& stop) {
  auto renewed = claim(LeaseMove::renew, stop);
  if (renewed) return true;
  const ErrorKind kind = renewed.error().kind;
  if (kind != ErrorKind::conflict && kind != ErrorKind::not_found) return failure_of(std::move(renewed));
  RETURN_IF_ERROR(look(stop));
  const LeaseMove move = decide(seen_, options_.identity, clock_.now());
  // Released by hand counts as lost: another replica may have led in between.
  if (move != LeaseMove::renew && move != LeaseMove::create) return false;
  RETURN_IF_ERROR(claim(move, stop));
  return true;
}

void LeaderElector::release() {
  if (!leading_ && !claim_is_open_) return;
  step_down();
  const TimedStop limit({}, options_.renew_deadline);
  const std::stop_token stop = limit.token();
  while (!stop.stop_requested()) {
    auto again = try_to_release(stop);
    if (again && !*again) return log_.info("the lease was released");
    if (!again) {
      log_.warning("the lease was not released", {{"error", again.error().message}});
      pause(options_.retry_period / 10, stop);
    }
  }
}

Result<bool> LeaderElector::try_to_release(const std::stop_token& stop) {
  const bool is_ours = seen_ && seen_->lease.holder_identity == options_.identity;
  if (!is_ours && !claim_is_open_) return false;
  // Of this write and an open claim, which may be stored yet, the first one makes the other a conflict.
  auto stored = store(released_lease(current(), clock_.wall_now()), stop);
  if (stored || stored.error().kind == ErrorKind::not_found) return false;
  const bool has_changed = was_faster(stored.error());
  if (is_ours || has_changed) RETURN_IF_ERROR(look(stop));
  if (has_changed) return true;
  return failure_of(std::move(stored));
}

bool LeaderElector::may_write() const {
  return leading_ && runtime::may_write(last_renewal_began_, options_.renew_deadline, clock_.now());
}

nanoseconds LeaderElector::time_left() const {
  return options_.renew_deadline - (clock_.now() - last_renewal_began_.load());
}

void LeaderElector::step_down() {
  leading_ = false;
  metrics_.leading(false);
}

// The lease itself
// --------------------------------------------------------------------------------------------

Result<void> LeaderElector::look(const std::stop_token& stop) {
  auto found = client_.find(kube::kLeases, options_.lease, stop);
  if (!found) return failure_of(std::move(found));
  claim_is_open_ = false;  // the lease may be somebody else's now: what is to be done is decided anew
  if (*found) return remember(std::move(**found));
  seen_.reset();
  object_.reset();
  return {};
}

Result<void> LeaderElector::claim(LeaseMove move, const std::stop_token& stop) {
  const BootTime began_at = clock_.now();
  const LeaseClaim record{options_.identity, options_.lease_duration, clock_.wall_now()};
  auto stored = store(next_lease(current(), move, record), stop);
  claim_is_open_ = !stored && move != LeaseMove::renew && may_be_stored(stored.error());
  RETURN_IF_ERROR(stored);
  last_renewal_began_ = began_at;
  if (!leading_.exchange(true)) metrics_.leading(true);
  return {};
}

kube::Lease LeaderElector::current() const {
  return seen_ ? seen_->lease : kube::Lease{.key = options_.lease};
}

Result<void> LeaderElector::store(const kube::Lease& lease, const std::stop_token& stop) {
  const Json written = kube::write_lease(lease);
  if (!object_) {
    auto created = client_.create(kube::kLeases, written, options_.field_manager, stop);
    return created ? remember(std::move(*created)) : failure_of(std::move(created));
  }
  Json object = *object_;
  object["spec"].update(written["spec"]);
  auto replaced = client_.replace(kube::kLeases, object, options_.field_manager, stop);
  return replaced ? remember(std::move(*replaced)) : failure_of(std::move(replaced));
}

Result<void> LeaderElector::remember(Json object) {
  auto lease = kube::read_lease(object);
  if (!lease) return failure_of(std::move(lease));
  {
    const std::scoped_lock lock(mutex_);
    seen_version_ = lease->resource_version;
  }
  seen_ = sight(seen_, std::move(*lease), clock_.now());
  object_ = std::make_shared<const Json>(std::move(object));
  return {};
}

}  // namespace apiclient::runtime
