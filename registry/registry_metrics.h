#pragma once
// The registry's own metrics, in Prometheus text format. Thread-safe. Hides prometheus-cpp.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace apiclient::registry {

class RegistryMetrics {
 public:
  RegistryMetrics();
  RegistryMetrics(const RegistryMetrics&) = delete;
  RegistryMetrics& operator=(const RegistryMetrics&) = delete;
  ~RegistryMetrics();

  /// apiclient_registry_token_requests_total; result is "success" or an error word of RFC 6749 §5.2.
  void token_request(std::string_view result);
  /// apiclient_registry_admin_requests_total by method and HTTP status.
  void admin_request(std::string_view method, int status_code);
  /// apiclient_registry_clients.
  void clients(std::int64_t count);

  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace apiclient::registry
