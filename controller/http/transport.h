#pragma once
// One request in, one response or stream out. Implementations are thread-safe; calls block and end early
// (ErrorKind::cancelled) when `stop` is requested. Redirects are never followed. A response with any status
// code is a success here: what it means is the caller's business. Errors: unavailable (connect, reset, TLS,
// truncated body), timeout, cancelled, protocol (body larger than allowed). A write (POST, PUT, PATCH,
// DELETE) is sent at most once: never replayed on a reused connection that died.

#include <functional>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace apiclient::http {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual Result<Response> send(const Request& request, std::stop_token stop) = 0;

  /// Bytes of the body as they arrive, in order, on the calling thread's time: the next chunk is not read
  /// from the connection before the call returns (back-pressure). Return an error to end the stream.
  using OnChunk = std::function<Result<void>(std::string_view chunk)>;
  /// For a 2xx answer the body goes to `on_chunk` and the returned response has an empty body; for any other
  /// status the (bounded) body is in the response and `on_chunk` is not called. Returns when the server ended
  /// the stream cleanly. Ends with `timeout` when nothing arrived for the transport's idle timeout.
  virtual Result<Response> stream(const Request& request, const OnChunk& on_chunk, std::stop_token stop) = 0;
};

}  // namespace apiclient::http
