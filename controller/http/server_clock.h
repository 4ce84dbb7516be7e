#pragma once
// What time it is at a server, by the Date header of its answers (RFC 9110 §6.6.1), against the local clock.
// Thread-safe.

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/transport.h"

namespace apiclient::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 §5.6.7); empty when it is not one.
std::optional<WallTime> parse_http_date(std::string_view text);

class ServerClock {
 public:
  /// `clock` outlives this.
  explicit ServerClock(const Clock& clock) : clock_(clock) {}

  void saw(WallTime date);
  /// Local wall time minus the server's, as far as it can be told now: since the last answer time is counted
  /// on CLOCK_BOOTTIME, so that setting the local date shows at once. Zero before the first answer.
  [[nodiscard]] std::chrono::nanoseconds skew() const;

 private:
  struct Seen {
    WallTime date;
    BootTime at;
  };
  const Clock& clock_;
  Guarded<std::optional<Seen>> seen_;
};

/// Tells `server` the date of every answer.
class DatedTransport final : public Transport {
 public:
  /// Neither is owned; both outlive this.
  DatedTransport(Transport& inner, ServerClock& server) : inner_(inner), server_(server) {}

  Result<Response> send(const Request& request, std::stop_token stop) override;
  Result<Response> stream(const Request& request, const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  Transport& inner_;
  ServerClock& server_;
};

}  // namespace apiclient::http
