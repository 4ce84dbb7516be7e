#include "http/exchange_flow.h"

namespace apiclient::http {
namespace {

using Progress = Exchange::Progress;

constexpr int kNoContent = 204;

Failure not_made(Progress progress) {
  if (progress == Progress::stopped) return fail(ErrorKind::cancelled, "asked to stop");
  return fail(ErrorKind::timeout, "no answer in time");
}

/// Without a frame the end of a stream could not be told from a broken connection.
bool is_framed(const Response& head) {
  return head.status_code == kNoContent || !find_header(head.headers, "Content-Length").empty() ||
         !find_header(head.headers, "Transfer-Encoding").empty();
}

}  // namespace

Result<Response> await_response(Exchange& exchange, const std::stop_token& stop, BootTime deadline) {
  const Progress progress = exchange.wait_finished(stop, deadline);
  if (progress != Progress::made) return not_made(progress);
  return exchange.take_result();
}

Result<Response> await_stream(Exchange& exchange, const std::stop_token& stop, StreamTimes times,
                              const std::function<bool(std::string_view)>& take) {
  Progress progress = exchange.wait_head(stop, times.head_deadline);
  if (progress != Progress::made) return not_made(progress);
  const auto head = exchange.head();
  if (!head) return exchange.take_result();
  if (!head->ok()) {
    exchange.collect();
    return await_response(exchange, stop, BootClock::now() + times.idle_timeout);
  }
  if (!is_framed(*head)) return fail(ErrorKind::protocol, "the answer is neither chunked nor has a length");
  for (;;) {
    progress = exchange.wait_chunk(stop, BootClock::now() + times.idle_timeout);
    if (progress != Progress::made) return not_made(progress);
    const auto chunk = exchange.chunk();
    if (!chunk) return exchange.take_result();
    if (!take(*chunk)) return fail(ErrorKind::cancelled, "ended by the consumer");
    exchange.release_chunk();
  }
}

}  // namespace apiclient::http
