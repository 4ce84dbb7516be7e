// A ClientRegistry: what a namespace has for itself, and what it cannot reach through it.

#include "unit/reconciler/registry_pass.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube::ObjectKey kOwn{"team-a", "own"};
const std::string kId = "team-a/own";

Json credentials_in(const std::string& namespace_name, const std::string& token) {
  Json secret = credentials(token);
  secret["metadata"]["namespace"] = namespace_name;
  return secret;
}

class NamespacedRegistry : public RegistryPass {
 protected:
  NamespacedRegistry() {
    wiring_.namespaced_registries = &namespaced_;
    allow({"registry.test:9081", "registry.test"});
    own(a_registry());
  }
  void allow(const std::vector<std::string>& hosts) {
    wiring_.namespaced_hosts = backend::HostList::parse(hosts).value();
    own_reconciler_ = std::make_unique<ClientRegistryReconciler>(wiring_);
  }
  void own(test::RegistryBuilder registry) {
    kube_.put(api::kClientRegistries, registry.named("own").in_namespace("team-a").json());
  }
  Json object() { return kube_.get(api::kClientRegistries, kOwn); }
  Result<runtime::Action> pass_own() {
    const Json live = object();
    if (live.is_null()) {
      namespaced_.erase(kOwn);
    } else {
      namespaced_.put(std::make_shared<api::ClientRegistry>(api::read_client_registry(live).value()));
    }
    own_reconciler_->suspect(kId);
    return own_reconciler_->reconcile(kOwn, {});
  }
  std::string own_condition(std::string_view type) {
    const Json status = object().value("status", Json::object());
    for (const Json& one : status.value("conditions", Json::array())) {
      if (one["type"] == type)
        return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
    }
    return "-";
  }
  std::string message() { return object()["status"]["conditions"][0]["message"].get<std::string>(); }

  runtime::Store<api::ClientRegistry> namespaced_;
  ClientRegistryReconciler::Wiring wiring_ = wiring();
  std::unique_ptr<ClientRegistryReconciler> own_reconciler_;
};

TEST_F(NamespacedRegistry, IsUsedWithTheSecretOfItsNamespace) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "True Reachable");
  ASSERT_THAT(connections_, SizeIs(1));
  EXPECT_EQ(token_of(connections_[0]), "own-token");
  EXPECT_EQ(connections_[0].name, kId);
  ASSERT_TRUE(connections_[0].hosts);
  EXPECT_TRUE(connections_[0].hosts->check("http://registry.test").has_value());
  EXPECT_FALSE(connections_[0].hosts->check("http://elsewhere.test").has_value());
  const auto known = directory_.find(kId);
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->is_default) << "only a cluster registry can be";
  EXPECT_THAT(notices_, Contains(RegistryNews{.registry = kId, .first = true}));
}

TEST_F(NamespacedRegistry, ASecretOfThatNameInTheOperatorsNamespaceIsNotRead) {
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "False CredentialsNotFound");
  EXPECT_THAT(message(), HasSubstr("Secret team-a/registry-admin does not exist"));
  EXPECT_THAT(connections_, IsEmpty());
}

TEST_F(NamespacedRegistry, ASecretWithoutTheLabelIsNotUsed) {
  Json secret = credentials_in("team-a", "own-token");
  secret["metadata"].erase("labels");
  kube_.put(kube::kSecrets, secret);
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "False CredentialsNotUsable");
  EXPECT_THAT(connections_, IsEmpty());
}

TEST_F(NamespacedRegistry, AHostThatIsNotListedStallsItBeforeAnySecretIsRead) {
  allow({"elsewhere.test"});
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  const int reads = kube_.calls(test::Verb::find, "secrets");
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Stalled"), "True HostNotAllowed");
  EXPECT_THAT(message(), HasSubstr("spec.embedded.adminUrl: host registry.test:9081 is not listed in the "
                                   "operator's flag --namespaced-registry-hosts"));
  EXPECT_EQ(kube_.calls(test::Verb::find, "secrets"), reads);
  EXPECT_THAT(connections_, IsEmpty());
}

TEST_F(NamespacedRegistry, AHostThatItsMetadataNamesIsWaitedFor) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  backend_.fail_next(test::BackendOperation::probe,
                     probe_error(ErrorKind::forbidden, 0, std::string(backend::kHostNotAllowedCode)));
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "False HostNotAllowed");
  EXPECT_EQ(own_condition("Stalled"), "-") << "the server may come to its senses";
}

TEST_F(NamespacedRegistry, TheClusterKindIsNotLimited) {
  allow({});
  ASSERT_THAT(pass(), test::is_ok());
  ASSERT_THAT(connections_, SizeIs(1));
  EXPECT_FALSE(connections_[0].hosts);
  EXPECT_EQ(token_of(connections_[0]), "admin-token");
}

TEST_F(NamespacedRegistry, WithoutAWordEverythingIsRefused) {
  wiring_.namespaced_hosts = {};
  own_reconciler_ = std::make_unique<ClientRegistryReconciler>(wiring_);
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "False HostNotAllowed");
}

TEST_F(NamespacedRegistry, OneOfTheSameNameAsAClusterRegistryIsAnother) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  users_.move("", "own");
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_FALSE(object()["metadata"].contains("finalizers")) << "the user is of the cluster kind's";
  users_.move("", kId);
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(object()["metadata"]["finalizers"], Json({"apiclient.dev/in-use"}));
  EXPECT_FALSE(directory_.find("own"));
}

TEST_F(NamespacedRegistry, IsRememberedWhenItIsLetGoInUse) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  users_.move("", kId);
  own(a_registry().with_spec({{"orphanOnDelete", true}}));
  ASSERT_THAT(pass_own(), test::is_ok());
  ASSERT_THAT(kube_.remove(api::kClientRegistries, kOwn, {}, {}), test::is_ok());
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_TRUE(object().is_null());
  EXPECT_FALSE(kube_.get(kube::kConfigMaps, {"operator", "orphaned-namespaced.team-a.own"}).is_null());
}

TEST_F(NamespacedRegistry, ItsConnectionOutlivesItsSecret) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  ASSERT_THAT(pass_own(), test::is_ok());
  ASSERT_THAT(kube_.remove(kube::kSecrets, {"team-a", "registry-admin"}, {}, {}), test::is_ok());
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_EQ(own_condition("Ready"), "False CredentialsNotFound");
  ASSERT_TRUE(directory_.find(kId));
  EXPECT_TRUE(directory_.find(kId)->connection);
}

TEST_F(NamespacedRegistry, WhatIsGoneIsForgotten) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  ASSERT_THAT(pass_own(), test::is_ok());
  ASSERT_THAT(kube_.remove(api::kClientRegistries, kOwn, {}, {}), test::is_ok());
  ASSERT_THAT(pass_own(), test::is_ok());
  EXPECT_FALSE(directory_.find(kId));
}

TEST_F(NamespacedRegistry, ItsEventsAreInItsNamespace) {
  kube_.put(kube::kSecrets, credentials_in("team-a", "own-token"));
  ASSERT_THAT(pass_own(), test::is_ok());
  ASSERT_THAT(events_.events(), SizeIs(1));
  EXPECT_EQ(events_.events()[0].regarding.kind, "ClientRegistry");
  EXPECT_EQ(events_.events()[0].regarding.key, kOwn);
}

}  // namespace
}  // namespace apiclient::reconciler
