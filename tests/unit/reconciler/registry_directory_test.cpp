#include "reconciler/registry_directory.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using test::an_api_client;
using test::ApiClientBuilder;

const Json kOnlyGold{{"allowedNamespaces", {{"matchLabels", {{"tier", "gold"}}}}}};

/// "default", "reason" or "reason (stalled)", or "not yet known".
std::string text_of(const Resolution& resolution) {
  if (std::holds_alternative<NotYetKnown>(resolution)) return "not yet known";
  if (const auto* refusal = std::get_if<Refusal>(&resolution)) {
    return refusal->reason + (refusal->stalled ? " (stalled)" : "");
  }
  return std::get<RegistryDirectory::Snapshot>(resolution)->name;
}

ApiClientBuilder asking_for(const std::string& name, const std::string& kind = "ClusterClientRegistry") {
  return an_api_client().with_spec({{"registryRef", {{"kind", kind}, {"name", name}}}});
}

struct Row {
  std::string name;
  std::function<void(RegistryDirectory&)> known;
  ApiClientBuilder client;
  std::string expected;
  kube::StringMap namespace_labels = {};
};
class Resolve : public ::testing::TestWithParam<Row> {};

TEST_P(Resolve, FindsTheRegistryOrSaysWhyNot) {
  RegistryDirectory directory;
  GetParam().known(directory);
  EXPECT_EQ(text_of(directory.resolve(GetParam().client.object(), GetParam().namespace_labels)),
            GetParam().expected);
}

void nothing(RegistryDirectory&) {}
void one_default(RegistryDirectory& directory) { directory.put(a_registry().shared()); }
void default_and_other(RegistryDirectory& directory) {
  one_default(directory);
  directory.put(a_registry().named("other").not_default().shared());
}
void two_defaults(RegistryDirectory& directory) {
  one_default(directory);
  directory.put(a_registry().named("other").shared());
}
void one_expected(RegistryDirectory& directory) { directory.expect("default"); }
void only_gold(RegistryDirectory& directory) { directory.put(a_registry().with_spec(kOnlyGold).shared()); }
void failed(RegistryDirectory& directory) {
  auto snapshot = a_registry().snapshot();
  snapshot.state = RegistryState::failed;
  directory.put(std::make_shared<RegistrySnapshot>(std::move(snapshot)));
}

void put_deleting(RegistryDirectory& directory, const std::string& name) {
  auto snapshot = a_registry().named(name).snapshot();
  snapshot.deleting = true;
  directory.put(std::make_shared<RegistrySnapshot>(std::move(snapshot)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Resolve,
    ::testing::Values(
        Row{"TheDefault", one_default, an_api_client(), "default"},
        Row{"ByName", default_and_other, asking_for("other"), "other"},
        Row{"NoneAtAll", nothing, an_api_client(), "NoDefaultRegistry"},
        Row{"NoneIsDefault", [](auto& d) { d.put(a_registry().not_default().shared()); }, an_api_client(),
            "NoDefaultRegistry"},
        Row{"TwoDefaults", two_defaults, an_api_client(), "AmbiguousDefaultRegistry"},
        Row{"TwoDefaultsButOneIsAskedFor", two_defaults, asking_for("other"), "other"},
        Row{"NameUnknown", one_default, asking_for("missing"), "RegistryNotFound"},
        Row{"NotProbedYet", one_expected, an_api_client(), "not yet known"},
        Row{"NotProbedYetByName", one_expected, asking_for("default"), "not yet known"},
        Row{"AnotherMayStillBeADefault",
            [](auto& d) {
              one_default(d);
              d.expect("new");
            },
            an_api_client(), "not yet known"},
        Row{"Failed", failed, an_api_client(), "default"},
        Row{"DeletingTakesNoNewClient", [](auto& d) { put_deleting(d, "default"); }, asking_for("default"),
            "RegistryNotFound"},
        Row{"DeletingKeepsItsClients", [](auto& d) { put_deleting(d, "default"); }, an_api_client().issued(),
            "default"},
        Row{"DeletingIsNoDefault",
            [](auto& d) {
              one_default(d);
              put_deleting(d, "other");
            },
            an_api_client(), "default"},
        Row{"NamespacedKind", one_default, asking_for("default", "ClientRegistry"),
            "NamespacedRegistriesDisabled (stalled)"},
        Row{"NamespacedRegistriesAreNoDefaults",
            [](auto& d) {
              one_default(d);
              d.put(a_registry().named("own").in_namespace(test::kNamespace).shared());
              d.expect("team-b/slow");
            },
            an_api_client(), "default"},
        Row{"NamespaceAllowed", only_gold, an_api_client(), "default", {{"tier", "gold"}}},
        Row{"NamespaceNotAllowed", only_gold, an_api_client(), "NamespaceNotAllowed", {{"tier", "iron"}}},
        Row{"NamespaceUnlabelled", only_gold, an_api_client(), "NamespaceNotAllowed"},
        Row{"PinnedStaysWhenTheDefaultMoves",
            [](auto& d) {
              d.put(a_registry().not_default().shared());
              d.put(a_registry().named("other").shared());
            },
            an_api_client().issued(), "default"},
        Row{"PinnedRegistryIsGone", nothing, an_api_client().issued(), "RegistryNotFound"},
        Row{"PinnedIssuerChanged",
            [](auto& d) {
              d.put(a_registry().with_spec({{"issuer", "http://other.test"}}).shared());
            },
            an_api_client().issued(), "RegistryChanged (stalled)"},
        Row{"IssuerOfTheUnregisteredMayChange",
            [](auto& d) {
              d.put(a_registry().with_spec({{"issuer", "http://other.test"}}).shared());
            },
            an_api_client(), "default"}),
    test::RowName());

class ResolveNamespaced : public ::testing::TestWithParam<Row> {};

TEST_P(ResolveNamespaced, FindsTheRegistryOrSaysWhyNot) {
  RegistryDirectory directory(true);
  GetParam().known(directory);
  EXPECT_EQ(text_of(directory.resolve(GetParam().client.object(), {})), GetParam().expected);
}

const std::string kOwn = std::string(test::kNamespace) + "/own";
void own(RegistryDirectory& directory) {
  directory.put(a_registry().named("own").in_namespace(test::kNamespace).shared());
}
void foreign(RegistryDirectory& directory) {
  directory.put(a_registry().named("own").in_namespace("elsewhere").shared());
}
ApiClientBuilder issued_at_own() {
  api::ApiClientStatus status = an_api_client().issued().object().status;
  status.registry->kind = "ClientRegistry";
  status.registry->name = "own";
  return asking_for("own", "ClientRegistry").with_status(status);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ResolveNamespaced,
    ::testing::Values(
        Row{"OfItsNamespace", own, asking_for("own", "ClientRegistry"), kOwn},
        Row{"OfAnotherNamespace", foreign, asking_for("own", "ClientRegistry"), "RegistryNotFound"},
        Row{"ByAPathToAnotherNamespace", foreign, asking_for("../elsewhere/own", "ClientRegistry"),
            "RegistryNotFound"},
        Row{"ByAnIdAsTheNameOfTheClusterKind", foreign, asking_for("elsewhere/own"), "RegistryNotFound"},
        Row{"TheClusterKindOfThatName", own, asking_for("own"), "RegistryNotFound"},
        Row{"TheNamespacedKindOfThatName", one_default, asking_for("default", "ClientRegistry"),
            "RegistryNotFound"},
        Row{"WithoutADefault", own, an_api_client(), "NoDefaultRegistry"},
        Row{"NotProbedYet", [](auto& d) { d.expect(kOwn); }, asking_for("own", "ClientRegistry"),
            "not yet known"},
        Row{"Pinned", own, issued_at_own(), kOwn},
        Row{"PinnedIsNotOneOfTheClusterKind", [](auto& d) { d.put(a_registry().named("own").shared()); },
            issued_at_own(), "RegistryNotFound"}),
    test::RowName());

TEST(RegistryDirectory, RefusesTheNamespacedKindByTheFlagsName) {
  const auto refusal = RegistryDirectory().refuse_kind("team-a/own");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_NE(refusal->message.find("ClientRegistry team-a/own"), std::string::npos) << refusal->message;
  EXPECT_NE(refusal->message.find("--allow-namespaced-registries"), std::string::npos) << refusal->message;
  EXPECT_FALSE(RegistryDirectory().refuse_kind("default"));
  EXPECT_FALSE(RegistryDirectory(true).refuse_kind("team-a/own"));
}

TEST(RegistryDirectory, PutGivesBackWhatWasThere) {
  RegistryDirectory directory;
  const auto first = a_registry().shared();
  EXPECT_EQ(directory.put(first), nullptr);
  EXPECT_EQ(directory.find("default"), first);
  EXPECT_EQ(directory.put(a_registry().shared()), first);
}

TEST(RegistryDirectory, ExpectKeepsWhatIsKnown) {
  RegistryDirectory directory;
  const auto known = a_registry().shared();
  directory.put(known);
  directory.expect("default");
  EXPECT_EQ(directory.find("default"), known);
}

TEST(RegistryDirectory, AwaitsTheFirstProbeOfWhatIsExpected) {
  RegistryDirectory directory;
  EXPECT_FALSE(directory.awaits_probe("default"));
  directory.expect("default");
  EXPECT_TRUE(directory.awaits_probe("default"));
  directory.put(a_registry().shared());
  EXPECT_FALSE(directory.awaits_probe("default"));
}

TEST(RegistryDirectory, RemoveGivesBackWhatWasThere) {
  RegistryDirectory directory;
  const auto known = a_registry().shared();
  directory.put(known);
  EXPECT_EQ(directory.remove("default"), known);
  EXPECT_EQ(directory.remove("default"), nullptr);
  EXPECT_EQ(directory.find("default"), nullptr);
}

TEST(RegistryDirectory, RefusalsNameTheFix) {
  RegistryDirectory directory;
  two_defaults(directory);
  const Resolution resolution = directory.resolve(an_api_client().object(), {});
  const auto& refusal = std::get<Refusal>(resolution);
  EXPECT_NE(refusal.message.find("default and other"), std::string::npos) << refusal.message;
  EXPECT_NE(refusal.message.find("spec.registryRef"), std::string::npos) << refusal.message;
}

}  // namespace
}  // namespace apiclient::reconciler
