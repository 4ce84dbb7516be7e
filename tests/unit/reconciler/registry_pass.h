#pragma once
// One ClusterClientRegistry and its reconciler over fakes. Used by one thread.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/names.h"
#include "base/encoding.h"
#include "reconciler/client_registry_reconciler.h"
#include "support/builders.h"
#include "support/fake_backend.h"
#include "support/fake_clock.h"
#include "support/fake_event_sink.h"
#include "support/fake_kube.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::reconciler {

inline Error probe_error(ErrorKind kind, int status_code = 0, std::string code = {}) {
  return {.kind = kind, .message = "what happened", .status_code = status_code, .code = std::move(code)};
}

inline const kube::ObjectKey kKey{"", "default"};
inline const kube::ObjectKey kCredentials{"operator", "registry-admin"};

inline Json credentials(const std::string& token = "admin-token") {
  return {{"metadata",
           {{"namespace", "operator"},
            {"name", "registry-admin"},
            {"labels", {{"apiclient.dev/usable-by", "registry"}}}}},
          {"data", {{"token", base64_encode(token)}}}};
}

inline std::string_view token_of(const backend::ConnectionConfig& config) {
  return std::get<backend::BearerAuth>(config.auth).token->reveal();
}

class RegistryPass : public ::testing::Test {
 protected:
  RegistryPass() {
    apply(test::a_registry());
    kube_.put(kube::kSecrets, credentials());
  }

  void apply(const test::RegistryBuilder& registry) {
    kube_.put(api::kClusterClientRegistries, registry.json());
  }
  Result<runtime::Action> pass() {
    const Json object = kube_.get(api::kClusterClientRegistries, kKey);
    if (object.is_null()) {
      registries_.erase(kKey);
    } else {
      registries_.put(std::make_shared<api::ClientRegistry>(api::read_client_registry(object).value()));
    }
    // As after a call that failed: without a suspicion a good registry is looked at once a minute.
    if (suspected_) reconciler_.suspect("default");
    return reconciler_.reconcile(kKey, {});
  }
  /// After the delay that the last pass asked for.
  void recover(std::chrono::milliseconds delay = std::chrono::seconds(1)) {
    notices_.clear();
    clock_.advance(delay);
    ASSERT_THAT(pass(), test::is_ok());
    EXPECT_EQ(condition("Ready"), "True Reachable");
    EXPECT_EQ(condition("Stalled"), "-");
    EXPECT_EQ(condition("Reconciling"), "-");
    EXPECT_FALSE(status().contains("failure"));
    EXPECT_FALSE(status().contains("nextRetryTime"));
    EXPECT_EQ(directory_.find("default")->state, RegistryState::ready);
    EXPECT_THAT(notices_, ::testing::SizeIs(1)) << "its clients look again";
  }

  /// No client hears of it.
  void recover_quietly() {
    ASSERT_THAT(pass(), test::is_ok());
    EXPECT_EQ(condition("Ready"), "True Reachable");
    EXPECT_EQ(condition("Stalled"), "-");
    EXPECT_THAT(notices_, ::testing::IsEmpty());
  }

  Json status() { return kube_.get(api::kClusterClientRegistries, kKey).value("status", Json::object()); }
  std::string condition(std::string_view type) {
    const Json all = status().value("conditions", Json::array());
    for (const Json& one : all) {
      if (one["type"] == type)
        return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
    }
    return "-";
  }

  ClientRegistryReconciler::Wiring wiring() {
    return {
        .client = kube_,
        .registries = registries_,
        .directory = directory_,
        .users = users_,
        .state_loss = state_loss_,
        .sweep = sweep_,
        .clock = clock_,
        .report = report_,
        .operator_namespace = "operator",
        .connect =
            [this](backend::ConnectionConfig config) -> Result<std::unique_ptr<backend::RegistryConnection>> {
          if (refuse_connection_) return fail(*refuse_connection_);
          connections_.push_back(std::move(config));
          return std::unique_ptr<backend::RegistryConnection>(
              std::make_unique<test::FakeConnection>(backend_));
        },
        .changed = [this](const RegistryNews& news) { notices_.push_back(news); }};
  }

  test::LogCapture logs_;
  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  test::FakeBackend backend_;
  runtime::Store<api::ClientRegistry> registries_;
  RegistryDirectory directory_;
  runtime::Store<api::ApiClientSummary> clients_;
  RegistryUsers users_;
  StateLossGuard state_loss_{{.clients = clients_, .clock = clock_, .installation_id = test::kInstallation}};
  SweepFindings sweep_;
  std::vector<backend::ConnectionConfig> connections_;
  std::optional<Error> refuse_connection_;
  std::vector<RegistryNews> notices_;
  test::FakeEventSink events_;
  telemetry::Metrics metrics_;
  ActionReporter report_{{.events = events_, .metrics = metrics_, .installation_id = test::kInstallation}};
  bool suspected_ = true;
  ClientRegistryReconciler reconciler_{wiring()};
};

}  // namespace apiclient::reconciler
