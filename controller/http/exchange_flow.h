#pragma once
// How a caller waits through an Exchange. Blocks; ends early with cancelled (`stop`) or timeout. The caller
// of these cancels what is then still under way.

#include <functional>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/exchange.h"

namespace apiclient::http {

/// The whole response of an exchange that collects its body.
Result<Response> await_response(Exchange& exchange, const std::stop_token& stop, BootTime deadline);

struct StreamTimes {
  BootTime head_deadline;
  std::chrono::milliseconds idle_timeout;  ///< longest silence after the head
};
/// Hands the body of a 2xx answer to `take` piece by piece; other answers are collected. `take` says false to
/// end the stream, which is then cancelled.
Result<Response> await_stream(Exchange& exchange, const std::stop_token& stop, StreamTimes times,
                              const std::function<bool(std::string_view)>& take);

}  // namespace apiclient::http
