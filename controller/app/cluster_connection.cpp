#include "app/cluster_connection.h"

#include "http/cpprest_transport.h"

namespace apiclient::app {
namespace {

constexpr std::chrono::seconds kRequestTimeout{30};
/// Half of the renew deadline: one hung request must not cost the lease.
constexpr std::chrono::seconds kLeaseTimeout{5};
/// Somebody waits for the answer.
constexpr std::chrono::seconds kQuestionTimeout{5};
/// Bookmarks come about once a minute.
constexpr std::chrono::seconds kWatchIdleTimeout{150};

http::TransportOptions transport_options(const kube::ClusterConfig& config) {
  return {
      .base_uri = config.server, .tls = config.tls, .user_agent = "apiclient-controller/" APICLIENT_VERSION};
}

}  // namespace

Result<std::unique_ptr<ClusterConnection>> ClusterConnection::open(kube::ClusterConfig config,
                                                                   const Clock& clock,
                                                                   telemetry::Metrics& metrics) {
  std::unique_ptr<ClusterConnection> connection(new ClusterConnection(std::move(config), clock, metrics));
  RETURN_IF_ERROR(connection->connect());
  return connection;
}

ClusterConnection::ClusterConnection(kube::ClusterConfig config, const Clock& clock,
                                     telemetry::Metrics& metrics)
    : config_(std::move(config)), clock_(clock), metrics_(metrics) {}

Result<void> ClusterConnection::connect() {
  http::TransportOptions options = transport_options(config_);
  ASSIGN_OR_RETURN(unary_, http::make_cpprest_transport(options));
  options.idle_timeout = kWatchIdleTimeout;
  ASSIGN_OR_RETURN(watch_, http::make_cpprest_transport(options));
  options.max_in_flight = 2;
  ASSIGN_OR_RETURN(lease_, http::make_cpprest_transport(options));
  dated_unary_ = std::make_unique<http::DatedTransport>(*unary_, server_clock_);
  dated_lease_ = std::make_unique<http::DatedTransport>(*lease_, server_clock_);
  lease_client_ = make_client(*dated_lease_, kLeaseTimeout);
  return {};
}

std::unique_ptr<kube::RestClient> ClusterConnection::make_client(http::Transport& unary,
                                                                 std::chrono::milliseconds timeout) {
  return std::make_unique<kube::RestClient>(kube::RestClient::Wiring{.unary = unary,
                                                                     .watch = *watch_,
                                                                     .token = *config_.token,
                                                                     .metrics = metrics_,
                                                                     .clock = clock_,
                                                                     .timeout = timeout});
}

std::unique_ptr<kube::Client> ClusterConnection::make_fenced_client(std::function<bool()> may_write) {
  // The fence is asked again before every repetition of a write.
  fenced_ = std::make_unique<http::FencedTransport>(*dated_unary_, std::move(may_write));
  retrying_ = std::make_unique<http::RetryingTransport>(*fenced_);
  return make_client(*retrying_, kRequestTimeout);
}

std::unique_ptr<kube::Client> ClusterConnection::make_asking_client() {
  return make_client(*dated_unary_, kQuestionTimeout);
}

}  // namespace apiclient::app
