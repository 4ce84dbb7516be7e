#pragma once
// The three ways to the API server: ordinary requests, watches, and the lease with its own short time-outs,
// so that neither a hung request nor a full pool can cost the lease.

#include <functional>
#include <memory>

#include "http/fenced_transport.h"
#include "http/retrying_transport.h"
#include "http/server_clock.h"
#include "kube/cluster_config.h"
#include "kube/rest_client.h"

namespace apiclient::app {

class ClusterConnection {
 public:
  /// Errors: invalid (the configuration cannot be used). Nothing is sent. `clock` and `metrics` outlive this.
  static Result<std::unique_ptr<ClusterConnection>> open(kube::ClusterConfig config, const Clock& clock,
                                                         telemetry::Metrics& metrics);

  /// Writes of this client pass only while `may_write` says yes.
  std::unique_ptr<kube::Client> make_fenced_client(std::function<bool()> may_write);
  /// For questions, which any replica may ask.
  std::unique_ptr<kube::Client> make_asking_client();
  /// For the lease, and for what is written before there is one.
  kube::Client& lease_client() { return *lease_client_; }
  /// The API server's, as its answers tell; while this replica leads, every two seconds.
  [[nodiscard]] const http::ServerClock& server_clock() const { return server_clock_; }

 private:
  ClusterConnection(kube::ClusterConfig config, const Clock& clock, telemetry::Metrics& metrics);
  Result<void> connect();
  std::unique_ptr<kube::RestClient> make_client(http::Transport& unary, std::chrono::milliseconds timeout);

  kube::ClusterConfig config_;
  const Clock& clock_;
  telemetry::Metrics& metrics_;
  std::unique_ptr<http::Transport> unary_;
  std::unique_ptr<http::Transport> watch_;
  std::unique_ptr<http::Transport> lease_;
  http::ServerClock server_clock_{clock_};
  std::unique_ptr<http::DatedTransport> dated_unary_;
  std::unique_ptr<http::DatedTransport> dated_lease_;
  std::unique_ptr<http::RetryingTransport> retrying_;
  std::unique_ptr<http::FencedTransport> fenced_;
  std::unique_ptr<kube::RestClient> lease_client_;
};

}  // namespace apiclient::app
