#pragma once
// kube::Client over HTTP. Thread-safe. Errors carry the call in front ("create secrets team-a/x: …") and
// never a body. Nothing is repeated here: that is the transport's and the caller's business.

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/transport.h"
#include "kube/client.h"
#include "kube/token_source.h"
#include "kube/warning_log.h"
#include "telemetry/metrics.h"

namespace apiclient::kube {

class RestClient final : public Client {
 public:
  struct Wiring {
    http::Transport& unary;  ///< for everything but watches
    http::Transport& watch;  ///< with an idle timeout longer than the bookmark period
    TokenSource& token;
    telemetry::Metrics& metrics;
    const Clock& clock;
    std::chrono::milliseconds timeout{30'000};  ///< of one unary request
  };
  /// All of the wiring outlives this.
  explicit RestClient(Wiring wiring);

  Result<std::optional<Json>> find(const ResourceType& type, const ObjectKey& key,
                                   std::stop_token stop) override;
  Result<std::string> list(const ResourceType& type, const ListOptions& options,
                           const std::function<Result<void>(Json&& item)>& on_item,
                           std::stop_token stop) override;
  Result<void> watch(const ResourceType& type, const WatchOptions& options,
                     const std::function<Result<void>(WatchEvent&& event)>& on_event,
                     std::stop_token stop) override;
  Result<Json> create(const ResourceType& type, const Json& object, std::string_view field_manager,
                      std::stop_token stop) override;
  Result<Json> replace(const ResourceType& type, const Json& object, std::string_view field_manager,
                       std::stop_token stop) override;
  Result<void> rehearse(const ResourceType& type, const Json& object, std::string_view field_manager,
                        std::stop_token stop) override;
  Result<Json> replace_status(const ResourceType& type, const Json& object, std::string_view field_manager,
                              std::stop_token stop) override;
  Result<Json> merge_patch(const ResourceType& type, const ObjectKey& key, const Json& patch,
                           std::string_view field_manager, std::stop_token stop) override;
  Result<void> remove(const ResourceType& type, const ObjectKey& key, const Preconditions& preconditions,
                      std::stop_token stop) override;

 private:
  Result<http::Response> send(Result<http::Request> request, const std::stop_token& stop);
  /// Parses the answer, which must be 2xx.
  Result<Json> send_for_object(Result<http::Request> request, const std::stop_token& stop);
  Result<std::string> list_pages(const ResourceType& type, const ListOptions& options,
                                 const std::function<Result<void>(Json&& item)>& on_item,
                                 const std::stop_token& stop);
  /// Metrics, rejected tokens, warnings.
  void account(const http::Request& request, const Result<http::Response>& outcome, BootTime used_at);

  Wiring wiring_;
  WarningLog warnings_;
};

}  // namespace apiclient::kube
