#include "reconciler/change_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "api/names.h"
#include "support/builders.h"
#include "support/fake_clock.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using api::ApiClientSummary;
using api::ClientRegistry;
using runtime::Change;
using test::a_registry;
using test::kOperatorNamespace;
using test::RowName;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Names = std::set<std::string>;

/// What waits there, which does not any more then.
Names taken(runtime::WorkQueue& queue) {
  Names names;
  while (queue.depth() > 0) {
    const auto key = queue.take({});
    names.insert(key->text());
    queue.done(*key);
  }
  return names;
}

class ChangeRouterTest : public ::testing::Test {
 protected:
  /// A client that is registered at `registry`, or at none yet.
  static ApiClientSummary client(const std::string& name, const std::string& registry = "") {
    return {.key = {.namespace_name = "team-a", .name = name},
            .uid = "uid-" + name,
            .resource_version = "7",
            .secret_name = name,
            .pinned_registry = registry,
            .has_finalizer = !registry.empty()};
  }
  void come(const ApiClientSummary& client) { tell(nullptr, keep(client)); }
  void go(const ApiClientSummary& client) { tell(keep(client), nullptr); }
  void put(const ClientRegistry& registry) {
    (registry.key.namespace_name.empty() ? registries_ : namespaced_registries_).put(keep(registry));
  }
  void tell(std::shared_ptr<const ApiClientSummary> before, std::shared_ptr<const ApiClientSummary> after) {
    router_.client_changed({.before = std::move(before), .after = std::move(after)});
  }
  void tell(const ClientRegistry& before, const ClientRegistry& after) {
    router_.registry_changed({.before = keep(before), .after = keep(after)});
  }
  template <typename T>
  static std::shared_ptr<const T> keep(const T& object) {
    return std::make_shared<const T>(object);
  }

  test::FakeClock clock_;
  runtime::Store<ApiClientSummary> clients_;
  runtime::Store<ClientRegistry> registries_;
  runtime::Store<ClientRegistry> namespaced_registries_;
  SecretClaims claims_;
  FormerSecrets formers_;
  RegistryUsers users_;
  RegistryDirectory directory_;
  PassMemory memory_;
  OwnWrites client_writes_;
  OwnWrites secret_writes_;
  runtime::WorkQueue client_queue_{clock_};
  runtime::WorkQueue registry_queue_{clock_};
  runtime::WorkQueue namespaced_registry_queue_{clock_};
  ChangeRouter router_{{.clients = clients_,
                        .registries = registries_,
                        .namespaced_registries = &namespaced_registries_,
                        .operator_namespace = kOperatorNamespace,
                        .claims = claims_,
                        .formers = formers_,
                        .users = users_,
                        .directory = directory_,
                        .memory = memory_,
                        .client_writes = client_writes_,
                        .secret_writes = secret_writes_,
                        .client_queue = client_queue_,
                        .registry_queue = registry_queue_,
                        .namespaced_registry_queue = namespaced_registry_queue_}};
};

TEST_F(ChangeRouterTest, WakesAClientThatHasChangedButNotForTheOperatorsOwnWrite) {
  come(client("one"));
  EXPECT_THAT(taken(client_queue_), UnorderedElementsAre("team-a/one"));
  ApiClientSummary written = client("one");
  written.resource_version = "8";
  client_writes_.wrote(written.key, "8");
  tell(keep(client("one")), keep(written));
  EXPECT_THAT(taken(client_queue_), IsEmpty());
}

TEST_F(ChangeRouterTest, WakesThoseWhoWaitForTheSecretNameOfAClientThatIsGone) {
  ApiClientSummary waiting = client("two");
  waiting.secret_name = "one";
  come(client("one"));
  come(waiting);
  come(client("three"));
  taken(client_queue_);
  go(client("one"));
  EXPECT_THAT(taken(client_queue_), UnorderedElementsAre("team-a/one", "team-a/two"));
}

TEST_F(ChangeRouterTest, LooksAtARegistryWhenItsFirstClientComesAndItsLastOneGoes) {
  put(a_registry().object());
  come(client("one", "default"));
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
  ClientRegistry marked = a_registry().object();
  marked.meta.finalizers = {std::string(api::kInUseFinalizer)};
  put(marked);
  come(client("two", "default"));
  go(client("one", "default"));
  EXPECT_THAT(taken(registry_queue_), IsEmpty()) << "it is in use as before";
  go(client("two", "default"));
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
}

TEST_F(ChangeRouterTest, LooksAtARegistryThatWaitsToBeDeletedWhenAnyClientGoes) {
  ClientRegistry deleting = a_registry().object();
  deleting.meta.finalizers = {std::string(api::kInUseFinalizer)};
  deleting.meta.deletion_timestamp = clock_.wall_now();
  put(deleting);
  users_.move("", "default");
  users_.move("", "default");
  go(client("one", "default"));
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
}

TEST_F(ChangeRouterTest, HasAQueueForRegistriesOfNamespaces) {
  put(a_registry().named("own").in_namespace("team-a").object());
  come(client("one", "team-a/own"));
  EXPECT_THAT(taken(namespaced_registry_queue_), UnorderedElementsAre("team-a/own"));
  EXPECT_THAT(taken(registry_queue_), IsEmpty());
}

struct SecretRow {
  const char* name;
  Change<SecretSummary> change;
  bool wakes;
};
void PrintTo(const SecretRow& row, std::ostream* out) { *out << row.name; }

Change<SecretSummary> of_secret(const SecretSummary& before, std::optional<SecretSummary> after,
                                bool initial = false) {
  return {.before = std::make_shared<SecretSummary>(before),
          .after = after ? std::make_shared<SecretSummary>(*after) : nullptr,
          .initial = initial};
}
SecretSummary secret(const std::string& version) {
  return {.key = {.namespace_name = "team-a", .name = "credentials"},
          .resource_version = version,
          .owner_name = "one"};
}
SecretSummary staged_secret() {
  SecretSummary all = secret("1");
  all.staged = true;
  return all;
}
SecretSummary registration_secret() {
  SecretSummary all = secret("1");
  all.registration = true;
  return all;
}

class OfASecret : public ChangeRouterTest, public ::testing::WithParamInterface<SecretRow> {};

TEST_P(OfASecret, WakesItsClientOrNobody) {
  secret_writes_.wrote(secret("").key, "2");
  router_.secret_changed(GetParam().change);
  EXPECT_EQ(taken(client_queue_), GetParam().wakes ? Names{"team-a/one"} : Names{});
  const Doubt doubt = memory_.doubt({.namespace_name = "team-a", .name = "one"}).doubt;
  EXPECT_EQ(doubt, GetParam().wakes ? Doubt::secret : Doubt::none);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, OfASecret,
    ::testing::Values(SecretRow{"ByOthers", of_secret(secret("1"), secret("3")), true},
                      SecretRow{"Deleted", of_secret(secret("1"), std::nullopt), true},
                      SecretRow{"OwnWrite", of_secret(secret("1"), secret("2")), false},
                      SecretRow{"FirstList", of_secret(secret("1"), secret("3"), true), false},
                      SecretRow{"Staged", of_secret(staged_secret(), std::nullopt), false},
                      SecretRow{"Registration", of_secret(registration_secret(), std::nullopt), false}),
    RowName());

TEST_F(ChangeRouterTest, KnowsTheFormerSecretsOfAClient) {
  SecretSummary former = secret("3");
  former.owner_uid = "uid-one";
  former.former = true;
  router_.secret_changed(of_secret(secret("1"), former));
  EXPECT_THAT(formers_.of("uid-one"), UnorderedElementsAre(former.key));
  router_.secret_changed(of_secret(former, std::nullopt));
  EXPECT_THAT(formers_.of("uid-one"), IsEmpty());
}

TEST_F(ChangeRouterTest, LooksAtARegistryWhoseSpecOrMarksHaveChangedButNotForItsStatus) {
  const ClientRegistry before = a_registry().object();
  ClientRegistry after = before;
  after.resource_version = after.meta.resource_version = "4";
  after.status.server_version = "2";
  tell(before, after);
  EXPECT_THAT(taken(registry_queue_), IsEmpty());
  after.meta.annotations.emplace(api::kAcceptStateLossAnnotation, "yes");
  tell(before, after);
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
  tell(before, a_registry().generation(2).object());
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
}

TEST_F(ChangeRouterTest, LooksAtEveryDefaultRegistryWhenThereIsOneMoreOrLess) {
  put(a_registry().object());
  put(a_registry().named("other").not_default().object());
  put(a_registry().named("second").object());
  tell(a_registry().named("second").not_default().object(), a_registry().named("second").object());
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default", "second"));
}

TEST_F(ChangeRouterTest, LooksAtTheRegistriesThatUseASecretAndMay) {
  put(a_registry().object());
  put(a_registry().named("own").in_namespace("team-a").object());
  put(a_registry().named("own").in_namespace("team-b").object());
  router_.credentials_changed({.namespace_name = kOperatorNamespace, .name = "registry-admin"});
  EXPECT_THAT(taken(registry_queue_), UnorderedElementsAre("default"));
  EXPECT_THAT(taken(namespaced_registry_queue_), IsEmpty());
  router_.credentials_changed({.namespace_name = "team-a", .name = "registry-admin"});
  EXPECT_THAT(taken(registry_queue_), IsEmpty());
  EXPECT_THAT(taken(namespaced_registry_queue_), UnorderedElementsAre("team-a/own"));
  router_.credentials_changed({.namespace_name = kOperatorNamespace, .name = "another"});
  EXPECT_THAT(taken(registry_queue_), IsEmpty());
}

TEST_F(ChangeRouterTest, WakesTheClientsOfANamespaceWhoseLabelsHaveChanged) {
  clients_.put(keep(client("one")));
  ApiClientSummary elsewhere = client("two");
  elsewhere.key.namespace_name = "team-b";
  clients_.put(keep(elsewhere));
  const kube::ObjectMeta before{.key = {.name = "team-a"}, .resource_version = "1"};
  kube::ObjectMeta after = before;
  after.resource_version = "2";
  router_.namespace_changed({.before = keep(before), .after = keep(after)});
  EXPECT_THAT(taken(client_queue_), IsEmpty());
  after.labels.emplace("tier", "gold");
  router_.namespace_changed({.before = keep(before), .after = keep(after)});
  EXPECT_THAT(taken(client_queue_), UnorderedElementsAre("team-a/one"));
}

TEST_F(ChangeRouterTest, TellsTheClientsOfARegistryItsNews) {
  clients_.put(keep(client("one", "default")));
  clients_.put(keep(client("two", "other")));
  router_.registry_has_news({.registry = "default", .first = true});
  EXPECT_THAT(taken(client_queue_), UnorderedElementsAre("team-a/one"));
}

}  // namespace
}  // namespace apiclient::reconciler
