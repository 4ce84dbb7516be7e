#pragma once
// The cluster of $KUBECONFIG as the tests use it: a client with an administrator's rights, a namespace for
// each test, and clients of other identities. Not thread-safe, but its clients are.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/cpprest_transport.h"
#include "kube/cluster_config.h"
#include "kube/rest_client.h"

namespace apiclient::test {

inline constexpr std::string_view kManager = "controlplane-test";
extern const kube::ResourceType kWidgets;       ///< installed by the tests, with a status subresource
extern const kube::ResourceType kNotInstalled;  ///< nobody knows it

/// Passes everything on and remembers the paths.
class NotingTransport final : public http::Transport {
 public:
  explicit NotingTransport(http::Transport& inner) : inner_(inner) {}
  Result<http::Response> send(const http::Request& request, std::stop_token stop) override;
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override;
  [[nodiscard]] std::vector<std::string> paths() const { return paths_.copy(); }

 private:
  http::Transport& inner_;
  Guarded<std::vector<std::string>> paths_;
};

/// One way to log in: the configuration, its transport and the client on top.
class Identity {
 public:
  explicit Identity(kube::ClusterConfig config);
  kube::RestClient& client() { return client_; }
  NotingTransport& transport() { return noting_; }
  telemetry::Metrics& metrics() { return metrics_; }

 private:
  kube::ClusterConfig config_;
  std::unique_ptr<http::Transport> transport_;
  NotingTransport noting_;
  telemetry::Metrics metrics_;
  SystemClock clock_;
  kube::RestClient client_;
};

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  kube::RestClient& client() { return admin_->client(); }
  Identity& admin() { return *admin_; }
  [[nodiscard]] kube::ObjectKey key(const std::string& name) const { return {namespace_name_, name}; }
  [[nodiscard]] const std::string& namespace_name() const { return namespace_name_; }

  [[nodiscard]] Json config_map(const std::string& name, const std::string& value = "1") const;
  [[nodiscard]] Json secret(const std::string& name) const;
  /// Each fails the test when the server does.
  Json created(const kube::ResourceType& type, const Json& object);
  Json found(const kube::ResourceType& type, const kube::ObjectKey& key);

  /// As a Pod of a new service account without any rights would log in; its files are in `directory`.
  std::unique_ptr<Identity> in_pod(const std::filesystem::path& directory);
  void install_widgets();

 private:
  std::unique_ptr<Identity> admin_;
  std::string namespace_name_;
};

/// The configuration that $KUBECONFIG gives; fails the test when it cannot be read.
kube::ClusterConfig admin_config();
std::string version_of(const Json& object);
std::string uid_of(const Json& object);

}  // namespace apiclient::test
