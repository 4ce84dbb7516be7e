#include "http/retrying_transport.h"

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"

namespace apiclient::http {
namespace {

/// False when `stop` came first.
bool pause(std::chrono::milliseconds length, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, length, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

RetryingTransport::RetryingTransport(Transport& inner, RetryPolicy policy) : inner_(inner), policy_(policy) {}

Result<Response> RetryingTransport::send(const Request& request, std::stop_token stop) {
  // The caller's deadline holds for all attempts together.
  const BootTime deadline = BootClock::now() + request.timeout;
  std::optional<Request> repeated;  // copied only when needed: a body may hold a secret
  for (int attempt = 1;; ++attempt) {
    Result<Response> outcome = inner_.send(repeated ? *repeated : request, stop);
    const auto delay = next_delay(policy_, request.method, attempt, outcome, random_unit());
    if (!delay || BootClock::now() + *delay >= deadline) return outcome;
    if (!pause(*delay, stop)) return fail(ErrorKind::cancelled, "asked to stop while waiting to try again");
    if (!repeated) repeated = request;
    repeated->timeout = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now());
  }
}

Result<Response> RetryingTransport::stream(const Request& request, const OnChunk& on_chunk,
                                           std::stop_token stop) {
  return inner_.stream(request, on_chunk, std::move(stop));
}

}  // namespace apiclient::http
