// Whole passes over a client that somebody else has made.
#include "base/encoding.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using test::an_api_client;
using test::BackendOperation;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kLegacy = "legacy-billing";
const std::string kPresent = "the-present-secret-of-the-client-0123456789-ABCD";

class AdoptionPass : public Reconcile {
 protected:
  AdoptionPass() {
    backend::ClientSettings settings{.client_id = kLegacy, .client_name = "Made by hand"};
    settings.grant_types = {"client_credentials"};
    settings.token_endpoint_auth_method = "client_secret_basic";
    test::FakeClient client{.registered =
                                test::a_registered_client(settings).unmarked().secret(2, "theirs").object()};
    client.registered.etag = "5";
    client.registered.credentials[0].hint = "ABCD";
    client.values["c2"] = kPresent;
    world_.backend.put(client);
    allow(false);
  }
  void allow(bool without_secret) {
    const Json rule{
        {"namespaces", {test::kNamespace}}, {"clientIds", {kLegacy}}, {"withoutSecret", without_secret}};
    world_.registry_is(test::a_registry().with_spec({{"allowAdoption", Json::array({rule})}}));
  }
  void show(const std::string& value) {
    world_.kube.put(kube::kSecrets, {{"apiVersion", "v1"},
                                     {"kind", "Secret"},
                                     {"metadata",
                                      {{"namespace", test::kNamespace},
                                       {"name", "legacy"},
                                       {"labels", {{"apiclient.dev/usable-by", "adopt"}}}}},
                                     {"type", "Opaque"},
                                     {"data", {{"client-secret", base64_encode(value)}}}});
  }
  void adopt(bool with_secret) {
    Json adopt{{"clientId", kLegacy}};
    if (with_secret) adopt["secretRef"] = {{"name", "legacy"}};
    world_.apply(an_api_client().with_spec({{"adopt", adopt}}));
  }
  backend::RegisteredClient registered() { return world_.backend.client(kLegacy)->registered; }
  void expect_adopted(std::int64_t revision) {
    EXPECT_EQ(world_.condition(api::kReady), "True Issued");
    ASSERT_TRUE(registered().mark);
    EXPECT_EQ(registered().mark->uid, test::kUid);
    EXPECT_EQ(registered().settings.client_name, "Invoice exporter") << "what is declared replaces the rest";
    EXPECT_EQ(world_.client()["status"]["clientId"], kLegacy);
    EXPECT_EQ(world_.client()["status"]["credential"]["revision"], revision);
    EXPECT_EQ(world_.client()["status"]["effective"]["deletionPolicy"], "Retain");
    EXPECT_TRUE(world_.backend.accepts(kLegacy, world_.published_value()));
    EXPECT_THAT(world_.staged(), IsEmpty());
  }
  void expect_untouched() {
    EXPECT_FALSE(registered().mark);
    EXPECT_EQ(registered().etag, "5");
    EXPECT_TRUE(world_.secret().is_null());
  }
};

TEST_F(AdoptionPass, PublishesTheSecretThatWasShown) {
  show(kPresent);
  adopt(true);
  ASSERT_TRUE(world_.settle());
  expect_adopted(2);
  EXPECT_TRUE(world_.published_value() == kPresent);
  EXPECT_THAT(registered().credentials, SizeIs(1));
  EXPECT_EQ(world_.client()["status"]["credential"]["id"], "c2");
  world_.clear_records();
  allow(false);
  world_.registry_is(test::a_registry());
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "look"}}}}}});
  ASSERT_TRUE(world_.settle());
  expect_adopted(2);
  EXPECT_EQ(world_.backend.count(BackendOperation::update), 0);
}

TEST_F(AdoptionPass, MakesANewSecretWhereNoneIsShownAndTheOldOneEndsAfterTheOverlap) {
  allow(true);
  adopt(false);
  ASSERT_TRUE(world_.settle());
  expect_adopted(3);
  EXPECT_TRUE(world_.backend.accepts(kLegacy, kPresent));
  EXPECT_EQ(world_.condition(api::kPreviousSecretActive), "True Overlap");
}

TEST_F(AdoptionPass, ARejectedSecretChangesNothing) {
  show("not-the-secret-of-this-client-0123456789-0123456789");
  adopt(true);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True CredentialRejected");
  expect_untouched();
  show(kPresent);
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/reconcile", "again"}}}}}});
  ASSERT_TRUE(world_.settle());
  expect_adopted(2);
}

TEST_F(AdoptionPass, WithoutPermissionTheSecretIsNotEvenTried) {
  world_.registry_is(test::a_registry());
  show(kPresent);
  adopt(true);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True AdoptionNotAllowed");
  EXPECT_EQ(world_.backend.count(BackendOperation::verify), 0);
  expect_untouched();
}

TEST_F(AdoptionPass, LooksAgainForAClientThatIsNotThereYet) {
  const auto client = *world_.backend.client(kLegacy);
  world_.backend.drop(kLegacy);
  allow(true);
  adopt(false);
  const auto action = world_.pass();
  ASSERT_THAT(action, test::is_ok());
  EXPECT_TRUE(action->after);
  EXPECT_EQ(world_.condition(api::kReady), "False AdoptedClientNotFound");
  EXPECT_EQ(world_.condition(api::kReconciling), "True AdoptedClientNotFound");
  EXPECT_THAT(world_.backend.client_ids(), IsEmpty()) << "none is made";
  world_.backend.put(client);
  ASSERT_TRUE(world_.settle());
  expect_adopted(3);
}

TEST_F(AdoptionPass, AClientThatChangesInBetweenIsLookedAtAgain) {
  show(kPresent);
  adopt(true);
  world_.backend.before_next(BackendOperation::adopt, [this] {
    auto client = *world_.backend.client(kLegacy);
    client.registered.etag = "6";
    client.registered.mark = backend::OwnershipMark{
        .installation_id = "theirs", .namespace_name = "x", .name = "x", .uid = "x", .revision = 2};
    world_.backend.put(client);
  });
  EXPECT_THAT(world_.pass(), test::has_error(ErrorKind::conflict));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True OwnedElsewhere");
  EXPECT_EQ(registered().mark->installation_id, "theirs");
}

class AdoptionCrash : public AdoptionPass, public ::testing::WithParamInterface<const char*> {};

TEST_P(AdoptionCrash, IsSurvivedWithTheSameSecret) {
  show(kPresent);
  adopt(true);
  ASSERT_TRUE(world_.crashes_at(GetParam()));
  ASSERT_TRUE(world_.settle());
  expect_adopted(2);
  EXPECT_TRUE(world_.published_value() == kPresent);
}

INSTANTIATE_TEST_SUITE_P(Points, AdoptionCrash,
                         ::testing::Values("before adopt", "after adopt", "before publish", "after publish",
                                           "after status"));

TEST_F(AdoptionPass, TheClientOutlivesTheObjectUnlessSaidOtherwise) {
  show(kPresent);
  adopt(true);
  ASSERT_TRUE(world_.settle());
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(world_.client().is_null());
  EXPECT_TRUE(world_.backend.accepts(kLegacy, kPresent));
}

TEST_F(AdoptionPass, AnotherIdAfterIssuanceIsRefused) {
  show(kPresent);
  adopt(true);
  ASSERT_TRUE(world_.settle());
  world_.patch_client({{"spec", {{"adopt", {{"clientId", "other"}}}}}, {"metadata", {{"generation", 2}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.condition(api::kStalled), "True RegistryChanged");
}

}  // namespace
}  // namespace apiclient::reconciler
