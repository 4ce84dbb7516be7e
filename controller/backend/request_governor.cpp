#include "backend/request_governor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace apiclient::backend {
namespace {

using std::chrono::nanoseconds;

/// A worker thread waits no longer for its turn: its queue waits better.
constexpr std::chrono::seconds kLongestWait{10};
/// What is suggested when all places were taken for that long.
constexpr std::chrono::seconds kFullWait{1};
/// A probe always gets its turn.
constexpr std::chrono::hours kLongestWaitOfProbe{24};

/// False when `stop` came first.
bool pause(nanoseconds length, const std::stop_token& stop) {
  if (length.count() == 0) return !stop.stop_requested();
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, length, [] { return false; });
  return !stop.stop_requested();
}

Error rate_limited(nanoseconds wait) {
  return {.kind = ErrorKind::throttled,
          .message = "not sent: spec.rateLimit of the registry allows no more requests now",
          .retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait),
          .code = std::string(kRateLimited)};
}

}  // namespace

RequestGovernor::RequestGovernor(const RateLimit& limit, const Clock& clock)
    : clock_(clock), rate_(RateLimiter(limit)), in_flight_(std::max<std::size_t>(limit.max_in_flight, 1)) {}

Result<http::Response> RequestGovernor::send(http::Transport& inner, Caller caller,
                                             const http::Request& request, const std::stop_token& stop) {
  RETURN_IF_ERROR(check_circuit(caller));
  RETURN_IF_ERROR(wait_for_turn(caller, stop));
  if (caller == Caller::probe) return send_and_note(inner, request, stop);
  auto place = in_flight_.acquire(stop, BootClock::now() + kLongestWait);
  if (!place && place.error().kind == ErrorKind::timeout) return fail(rate_limited(kFullWait));
  if (!place) return failure_of(std::move(place));
  // It may have opened while this one waited.
  RETURN_IF_ERROR(check_circuit(caller));
  return send_and_note(inner, request, stop);
}

Result<http::Response> RequestGovernor::send_and_note(http::Transport& inner, const http::Request& request,
                                                      const std::stop_token& stop) {
  auto outcome = inner.send(request, stop);
  auto circuit = circuit_.lock();
  circuit->note(outcome, clock_.now());
  if (outcome || !circuit->is_open()) return outcome;
  Error error = std::move(outcome).error();
  if (error.kind != ErrorKind::cancelled) error.code = kCircuitOpen;
  return fail(std::move(error));
}

Result<void> RequestGovernor::check_circuit(Caller caller) {
  if (auto refusal = circuit_.lock()->refusal(caller, clock_.now())) return fail(std::move(*refusal));
  return {};
}

Result<void> RequestGovernor::wait_for_turn(Caller caller, const std::stop_token& stop) {
  const BootTime now = clock_.now();
  std::optional<nanoseconds> wait;
  {
    auto rate = rate_.lock();
    wait = rate->reserve(
        now, caller == Caller::probe ? nanoseconds(kLongestWaitOfProbe) : nanoseconds(kLongestWait));
    if (!wait) return fail(rate_limited(rate->wait_for_place(now)));
  }
  if (pause(*wait, stop)) return {};
  return fail(ErrorKind::cancelled, "asked to stop while other requests were under way");
}

}  // namespace apiclient::backend
