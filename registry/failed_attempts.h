#pragma once
// How often somebody may fail to authenticate before the answer is "later": per client and address, then per
// address. Asked only after the credentials turned out wrong, so that nobody can lock out who has the right
// ones. Pure: no clock, no lock. Not thread-safe. Memory is bounded: what was not touched for longest goes.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace apiclient::registry {

/// `burst` failures at once; one more each `refill`.
struct Allowance {
  int burst = 1;
  std::chrono::milliseconds refill{1'000};
};

struct FailedAttemptLimits {
  Allowance per_client{.burst = 20, .refill = std::chrono::milliseconds(3'000)};
  /// Wide, because many clients may stand behind one address.
  Allowance per_address{.burst = 300, .refill = std::chrono::milliseconds(200)};
  std::size_t max_remembered = 10'000;  ///< of each kind; at most twice that many for a while
};

/// What counts as one address: an IPv4 address (mapped into IPv6 or not), the /64 of an IPv6 address.
std::string address_group(const std::string& remote_address);

class FailedAttempts {
 public:
  explicit FailedAttempts(FailedAttemptLimits limits = {});

  /// Counts a failure. Empty: within the allowance; else how long to wait, at least one second. A failure
  /// beyond the client's allowance does not count against the address.
  std::optional<std::chrono::seconds> note(std::string_view client_id, const std::string& remote_address,
                                           BootTime now);
  [[nodiscard]] std::size_t remembered() const;

 private:
  /// When each key has its whole allowance back; two generations, so that forgetting costs nothing.
  class Meter {
   public:
    Meter(const Allowance& allowance, std::size_t max_remembered)
        : allowance_(allowance), max_remembered_(max_remembered) {}
    std::optional<std::chrono::seconds> take(const std::string& key, BootTime now);
    [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

   private:
    BootTime& full_at(const std::string& key);

    const Allowance allowance_;
    const std::size_t max_remembered_;
    std::unordered_map<std::string, BootTime> young_;
    std::unordered_map<std::string, BootTime> old_;
  };

  Meter clients_;
  Meter addresses_;
};

}  // namespace apiclient::registry
