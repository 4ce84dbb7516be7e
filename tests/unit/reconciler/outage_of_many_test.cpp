// A registry with a thousand ApiClients is down for an hour: both reconcilers and their queues, as they are
// wired in the product, on one thread and with a clock of their own.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "api/names.h"
#include "reconciler/api_client_reconciler.h"
#include "reconciler/client_registry_reconciler.h"
#include "reconciler/credential_secret.h"
#include "runtime/backlog.h"
#include "runtime/rate_limiter.h"
#include "support/audit_capture.h"
#include "support/builders.h"
#include "support/fake_backend.h"
#include "support/fake_clock.h"
#include "support/fake_event_sink.h"
#include "support/fake_kube.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using runtime::Priority;
using test::BackendOperation;
using test::kOperatorNamespace;
using test::kRegistry;

constexpr int kClients = 1'000;
const kube::ObjectKey kRegistryKey{"", kRegistry};

/// What runtime::Controller does with the outcome of a pass, without its threads.
class Queue {
 public:
  Queue(const Clock& clock, runtime::Reconciler& reconciler) : clock_(clock), reconciler_(reconciler) {}

  void add(const kube::ObjectKey& key, std::chrono::milliseconds delay = 0ms,
           Priority priority = Priority::normal) {
    backlog_.add(key, clock_.now() + delay, priority);
  }
  /// One pass, if one is due; the key that had it.
  std::optional<kube::ObjectKey> work() {
    const auto key = backlog_.take(clock_.now());
    if (!key) return std::nullopt;
    const auto outcome = reconciler_.reconcile(*key, {});
    if (outcome) {
      limiter_.forget(*key);
      if (outcome->after) add(*key, *outcome->after);
    } else {
      add(*key, std::max(limiter_.next(*key), outcome.error().retry_after.value_or(0ms)));
    }
    backlog_.done(*key);
    return key;
  }
  [[nodiscard]] BootTime next() const { return backlog_.next_ready().value_or(BootTime::max()); }

 private:
  const Clock& clock_;
  runtime::Reconciler& reconciler_;
  runtime::Backlog backlog_;
  runtime::RateLimiter limiter_;
};

class OutageOfMany : public ::testing::Test {
 protected:
  OutageOfMany() {
    kube_.put(api::kClusterClientRegistries, test::a_registry().json());
    kube_.put(kube::kSecrets, {{"metadata",
                                {{"namespace", kOperatorNamespace},
                                 {"name", "registry-admin"},
                                 {"labels", {{"apiclient.dev/usable-by", "registry"}}}}},
                               {"data", {{"token", "YWRtaW4="}}}});
    sync_registry();
    directory_.expect(kRegistry);
    registry_queue_.add(kRegistryKey);
    for (int number = 0; number < kClients; ++number) {
      const std::string name = "client-" + std::to_string(number);
      kube_.put(api::kApiClients, test::an_api_client().named(name, "uid-" + name).json());
      names_.push_back({test::kNamespace, name});
      sync(names_.back());
      client_queue_.add(names_.back());
    }
  }

  /// Everything that is due by then, at its time.
  void run_for(std::chrono::nanoseconds duration) {
    const BootTime end = clock_.now() + duration;
    while (true) {
      if (registry_queue_.work()) {
        sync_registry();
      } else if (const auto client = client_queue_.work()) {
        sync(*client);
      } else {
        const BootTime next = std::min({registry_queue_.next(), client_queue_.next(), end});
        if (clock_.now() == end) return;
        clock_.advance(next - clock_.now());
      }
    }
  }
  /// As a person does who wants to know now.
  void ask_for_all(const std::string& token) {
    for (const kube::ObjectKey& key : names_) {
      Json client = kube_.get(api::kApiClients, key);
      client["metadata"]["annotations"][std::string(api::kReconcileAnnotation)] = token;
      client["metadata"].erase("resourceVersion");
      kube_.put(api::kApiClients, client);
      sync(key);
      client_queue_.add(key);
    }
  }
  /// How many clients say so of this condition: "True Issued" and the like.
  std::map<std::string, int> conditions(std::string_view type) {
    std::map<std::string, int> counts;
    for (const Json& client : kube_.all(api::kApiClients)) {
      for (const Json& one : client["status"]["conditions"]) {
        if (one["type"] != type) continue;
        ++counts[one["status"].get<std::string>() + " " + one["reason"].get<std::string>()];
      }
    }
    return counts;
  }

 private:
  void sync_registry() {
    const Json object = kube_.get(api::kClusterClientRegistries, kRegistryKey);
    registries_.put(std::make_shared<api::ClientRegistry>(api::read_client_registry(object).value()));
  }
  void sync(const kube::ObjectKey& key) {
    auto summary = std::make_shared<api::ApiClientSummary>(
        api::read_api_client_summary(kube_.get(api::kApiClients, key)).value());
    sync_secret(key);
    sync_secret(staged_key(kOperatorNamespace, summary->uid));
    clients_.put(std::move(summary));
  }
  void sync_secret(const kube::ObjectKey& key) {
    const Json object = kube_.get(kube::kSecrets, key);
    if (object.is_null()) {
      secrets_.erase(key);
    } else {
      secrets_.put(std::make_shared<SecretSummary>(read_secret_summary(object).value()));
    }
  }

  test::LogCapture logs_;
  test::AuditCapture audit_;
  test::FakeEventSink events_;
  telemetry::Metrics metrics_;
  runtime::Store<api::ApiClientSummary> clients_;
  runtime::Store<api::ClientRegistry> registries_;
  runtime::Store<SecretSummary> secrets_;
  runtime::Store<kube::ObjectMeta> namespaces_;
  SecretClaims claims_;
  FormerSecrets formers_;
  RegistryDirectory directory_;
  RegistryUsers users_;
  SweepFindings sweep_;
  PassMemory memory_;
  RotationSlots slots_{10};
  OwnWrites client_writes_;
  OwnWrites secret_writes_;
  std::vector<kube::ObjectKey> names_;
  ActionReporter report_{{.events = events_, .metrics = metrics_, .installation_id = test::kInstallation}};

 protected:
  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  test::FakeBackend backend_;

 private:
  StateLossGuard state_loss_{{.clients = clients_, .clock = clock_, .installation_id = test::kInstallation}};
  RegistrationRecords registrations_{kube_, kOperatorNamespace, test::kInstallation};
  ApiClientReconciler client_reconciler_{{.client = kube_,
                                          .clients = clients_,
                                          .secrets = secrets_,
                                          .namespaces = namespaces_,
                                          .claims = claims_,
                                          .formers = formers_,
                                          .registries = directory_,
                                          .state_loss = state_loss_,
                                          .registrations = registrations_,
                                          .memory = memory_,
                                          .client_writes = client_writes_,
                                          .secret_writes = secret_writes_,
                                          .slots = slots_,
                                          .clock = clock_,
                                          .report = report_,
                                          .operator_namespace = kOperatorNamespace,
                                          .installation_id = test::kInstallation,
                                          .suspect_registry = [this](const std::string& name) {
                                            registry_reconciler_.suspect(name);
                                            registry_queue_.add({"", name});
                                          }}};
  ClientRegistryReconciler registry_reconciler_{
      {.client = kube_,
       .registries = registries_,
       .directory = directory_,
       .users = users_,
       .state_loss = state_loss_,
       .sweep = sweep_,
       .clock = clock_,
       .report = report_,
       .operator_namespace = kOperatorNamespace,
       .connect =
           [this](const backend::ConnectionConfig&) -> Result<std::unique_ptr<backend::RegistryConnection>> {
         return std::unique_ptr<backend::RegistryConnection>(
             std::make_unique<test::FakeConnection>(backend_));
       },
       .changed =
           [this](const RegistryNews& news) {
             tell_clients(news, clients_, memory_, [this](const auto& client, auto delay) {
               client_queue_.add(client, delay, Priority::resync);
             });
           }}};

 protected:
  Queue client_queue_{clock_, client_reconciler_};
  Queue registry_queue_{clock_, registry_reconciler_};
};

using ::testing::ElementsAre;
using ::testing::Pair;

TEST_F(OutageOfMany, CostsOneProbeForEachStepAndTheReturnIsSpread) {
  run_for(1s);
  ASSERT_THAT(conditions("Ready"), ElementsAre(Pair("True Issued", kClients)));

  backend_.fail_all({.kind = ErrorKind::unavailable, .message = "no answer", .status_code = 503});
  backend_.clear_calls();
  ask_for_all("is-it-me");
  run_for(30min);
  ask_for_all("still-there");
  run_for(30min - 1s);
  // At once, after 1 s, 2 s, 4 s, … 256 s, then every 300 s.
  EXPECT_EQ(backend_.count(BackendOperation::probe), 1 + 9 + 10);
  EXPECT_EQ(backend_.count(BackendOperation::find), 1) << "the client that found out";
  EXPECT_EQ(backend_.calls().size(), 1U + 9U + 10U + 1U);
  EXPECT_THAT(conditions("Ready"), ElementsAre(Pair("True Issued", kClients)));
  EXPECT_THAT(conditions("Registered"), ElementsAre(Pair("Unknown ServerError", kClients)));

  backend_.recover();
  int most = 0;
  int all = 0;
  for (int second = 0; second < 360; ++second) {
    backend_.clear_calls();
    run_for(1s);
    most = std::max(most, backend_.count(BackendOperation::find));
    all += backend_.count(BackendOperation::find);
  }
  EXPECT_THAT(conditions("Registered"), ElementsAre(Pair("True UpToDate", kClients)));
  EXPECT_EQ(all, kClients) << "each looks once";
  EXPECT_LE(most, kClientsPerSecond + 1);
}

}  // namespace
}  // namespace apiclient::reconciler
