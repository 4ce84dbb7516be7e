#pragma once
// The registry's own metrics, in Prometheus text format. Thread-safe. Hides prometheus-cpp. Every label set
// that is sure to come is there from the start with 0, so that rates and alerts see the first event.

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace apiclient::registry {

class RegistryMetrics {
 public:
  RegistryMetrics();
  RegistryMetrics(const RegistryMetrics&) = delete;
  RegistryMetrics& operator=(const RegistryMetrics&) = delete;
  ~RegistryMetrics();

  /// One request to an endpoint of a listener, and how long its handler took.
  struct RequestLabels {
    std::string listener;  ///< public, admin or metrics
    std::string endpoint;  ///< one of a fixed set: never a path that somebody sent
  };
  void expect_requests(const RequestLabels& labels, std::span<const int> status_codes);
  void request(const RequestLabels& labels, int status_code, std::chrono::nanoseconds duration);

  /// Result is "success" or an error word of RFC 6749 §5.2.
  void token_request(std::string_view result);
  /// Wrong credentials; `method` is the one that they were presented by.
  void failed_authentication(std::string_view method);
  /// A failed authentication that was answered with 429.
  void throttled();

  struct Counts {
    std::int64_t clients = 0;
    std::int64_t disabled_clients = 0;
    std::int64_t secrets = 0;
  };
  void stored(const Counts& counts);

  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace apiclient::registry
