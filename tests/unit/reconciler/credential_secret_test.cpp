#include "reconciler/credential_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/names.h"
#include "base/encoding.h"
#include "support/builders.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using test::a_target_secret;
using test::an_api_client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Keeps alive what a Publication borrows.
struct Published {
  explicit Published(const Json& spec = Json::object(), const Json& registry_spec = Json::object())
      : client(an_api_client().with_spec(spec).object()),
        registry(a_registry().with_spec(registry_spec).snapshot()),
        settings(std::get<DesiredClient>(desired_client(client, registry)).settings) {}

  [[nodiscard]] Publication publication() const {
    return {.client = client,
            .settings = settings,
            .registry = registry,
            .installation_id = test::kInstallation,
            .revision = 2,
            .operation_id = "op-2",
            .credential_id = "c2",
            .value = settings.has_secret() ? &value : nullptr,
            .handled_rotations = {"one", "two"}};
  }

  api::ApiClient client;
  RegistrySnapshot registry;
  backend::ClientSettings settings;
  Secret value{"the-value"};
};

std::map<std::string, std::string> decoded(const Json& data) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : data.items()) texts[key] = base64_decode(value.get<std::string>()).value();
  return texts;
}

// Target

TEST(TargetSecret, HasTheKeysOfServiceBinding) {
  const Json secret = make_target(Published().publication());
  const std::map<std::string, std::string> expected{
      {"type", "oauth2"},
      {"provider", "embedded"},
      {"client-id", "acme_team-a_invoices"},
      {"client-secret", "the-value"},
      {"issuer-uri", "http://registry.test"},
      {"token-uri", "http://registry.test/oauth2/token"},
      {"jwk-set-uri", "http://registry.test/.well-known/jwks.json"},
      {"client-authentication-method", "client_secret_basic"}};
  EXPECT_EQ(decoded(secret["data"]), expected);
  EXPECT_EQ(secret["type"], "servicebinding.io/oauth2");
  EXPECT_EQ(secret["metadata"]["namespace"], "team-a");
  EXPECT_EQ(secret["metadata"]["name"], "invoices");
  EXPECT_FALSE(secret["metadata"].contains("ownerReferences"));
}

TEST(TargetSecret, HasOptionalKeysWhenTheyAreKnown) {
  Published published(Json::object(), {{"defaultScopes", {"read", "write"}}, {"scopeSeparator", ","}});
  published.registry.info.endpoints.authorization = "http://a";
  published.registry.info.endpoints.user_info = "http://u";
  const auto data = decoded(make_target(published.publication())["data"]);
  EXPECT_EQ(data.at("scope"), "read,write");
  EXPECT_EQ(data.at("authorization-uri"), "http://a");
  EXPECT_EQ(data.at("user-info-uri"), "http://u");
}

TEST(TargetSecret, OfAPublicClientHasNoSecret) {
  const auto data = decoded(make_target(Published(Json{{"type", "Public"}}).publication())["data"]);
  EXPECT_FALSE(data.contains("client-secret"));
  EXPECT_EQ(data.at("client-authentication-method"), "none");
}

TEST(TargetSecret, WritesExtraKeysBesideOurs) {
  const auto data = decoded(make_target(
      Published(
          Json{{"secret",
                {{"keys",
                  {{"client-id", "CLIENT_ID"}, {"client-secret", "CLIENT_SECRET"}, {"scope", "SCOPE"}}}}}})
          .publication())["data"]);
  EXPECT_EQ(data.at("CLIENT_ID"), "acme_team-a_invoices");
  EXPECT_EQ(data.at("CLIENT_SECRET"), "the-value");
  EXPECT_EQ(data.at("client-secret"), "the-value");
  EXPECT_FALSE(data.contains("SCOPE")) << "there is no scope to be written twice";
}

TEST(TargetSecret, CarriesItsOrigin) {
  const Json metadata =
      make_target(Published(Json{{"secret", {{"labels", {{"l", "1"}}}, {"annotations", {{"a", "2"}}}}}})
                      .publication())["metadata"];
  EXPECT_EQ(metadata["labels"], (Json{{"l", "1"},
                                      {"app.kubernetes.io/managed-by", "apiclient-operator"},
                                      {"apiclient.dev/name", "invoices"}}));
  EXPECT_EQ(metadata["annotations"], (Json{{"a", "2"},
                                           {"apiclient.dev/owner-uid", test::kUid},
                                           {"apiclient.dev/installation-id", test::kInstallation},
                                           {"apiclient.dev/registry", "ClusterClientRegistry/default"},
                                           {"apiclient.dev/issuer", test::kIssuer},
                                           {"apiclient.dev/revision", "2"},
                                           {"apiclient.dev/operation-id", "op-2"},
                                           {"apiclient.dev/credential-id", "c2"},
                                           {"apiclient.dev/handled-rotate", "one,two"}}));
}

TEST(TargetSecret, OurMarksCannotBeReplacedByThoseOfTheSpec) {
  const Json spec{
      {"secret",
       {{"labels", {{"apiclient.dev/name", "other"}, {"app.kubernetes.io/managed-by", "me"}}},
        {"annotations", {{"apiclient.dev/owner-uid", "other"}, {"apiclient.dev/revision", "9"}}}}}};
  const Json metadata = make_target(Published(spec).publication())["metadata"];
  EXPECT_EQ(metadata["labels"]["apiclient.dev/name"], "invoices");
  EXPECT_EQ(metadata["labels"]["app.kubernetes.io/managed-by"], "apiclient-operator");
  EXPECT_EQ(metadata["annotations"]["apiclient.dev/owner-uid"], test::kUid);
  EXPECT_EQ(metadata["annotations"]["apiclient.dev/revision"], "2");
}

TEST(TargetSecret, IsReadBackAsWritten) {
  const TargetSecret read = read_target(make_target(Published().publication())).value();
  EXPECT_EQ(read.client_id, "acme_team-a_invoices");
  EXPECT_EQ(read.value, Secret("the-value"));
  EXPECT_EQ(read.owner_uid(), test::kUid);
  EXPECT_EQ(read.installation_id(), test::kInstallation);
  EXPECT_EQ(read.operation_id(), "op-2");
  EXPECT_EQ(read.credential_id(), "c2");
  EXPECT_EQ(read.revision(), 2);
  EXPECT_THAT(read.handled_rotations(), ElementsAre("one", "two"));
  EXPECT_FALSE(read.immutable);
}

TEST(TargetSecret, OfSomebodyElseIsReadToo) {
  const TargetSecret read =
      read_target({{"metadata", {{"namespace", "team-a"}, {"name", "x"}}}, {"immutable", true}}).value();
  EXPECT_EQ(read.type, "Opaque");
  EXPECT_TRUE(read.immutable);
  EXPECT_TRUE(read.value.empty());
  EXPECT_EQ(read.revision(), 0);
  EXPECT_THAT(read.handled_rotations(), IsEmpty());
}

TEST(TargetSecret, MistakesAreNamedWithoutTheData) {
  Json broken = a_target_secret().json();
  broken["data"]["client-secret"] = "!!not-base64-but-secret!!";
  const auto read = read_target(broken);
  EXPECT_THAT(read, test::has_error_text(ErrorKind::invalid, HasSubstr("data.client-secret")));
  EXPECT_THAT(read, test::has_error_text(ErrorKind::invalid, Not(HasSubstr("but-secret"))));
}

struct RevisionRow {
  std::string name;
  std::string text;
  std::int64_t revision;
};
class Revisions : public ::testing::TestWithParam<RevisionRow> {};

TEST_P(Revisions, AreReadFromTheAnnotation) {
  EXPECT_EQ(a_target_secret().annotated(api::kRevisionAnnotation, GetParam().text).object().revision(),
            GetParam().revision);
}

INSTANTIATE_TEST_SUITE_P(Texts, Revisions,
                         ::testing::Values(RevisionRow{"Number", "12", 12}, RevisionRow{"Empty", "", 0},
                                           RevisionRow{"Word", "one", 0}, RevisionRow{"Tail", "12x", 0},
                                           RevisionRow{"TooLarge", "99999999999999999999", 0}),
                         test::RowName());

// Update

TEST(UpdateTarget, OfWhatIsRightIsNoChange) {
  const Published published;
  const Json live = make_target(published.publication());
  EXPECT_EQ(update_target(live, published.publication()), live);
}

TEST(UpdateTarget, ReplacesDataAndKeepsForeignMetadata) {
  const Published published;
  Json live = make_target(published.publication());
  live["metadata"]["uid"] = "uid-1";
  live["metadata"]["resourceVersion"] = "9";
  live["metadata"]["labels"]["theirs"] = "kept";
  live["metadata"]["annotations"]["theirs"] = "kept";
  live["data"] = {{"client-secret", base64_encode("garbage")}, {"extra", base64_encode("x")}};
  const Json updated = update_target(live, published.publication());
  EXPECT_EQ(updated["data"], make_target(published.publication())["data"]);
  EXPECT_EQ(updated["metadata"]["labels"]["theirs"], "kept");
  EXPECT_EQ(updated["metadata"]["annotations"]["theirs"], "kept");
  EXPECT_EQ(updated["metadata"]["uid"], "uid-1");
  EXPECT_EQ(updated["metadata"]["resourceVersion"], "9");
}

/// An entry of managedFields that owns these labels.
Json owning(const std::string& manager, const std::vector<std::string>& labels) {
  Json fields = Json::object();
  for (const std::string& label : labels) fields["f:" + label] = Json::object();
  fields["."] = Json::object();
  return {
      {"manager", manager}, {"operation", "Update"}, {"fieldsV1", {{"f:metadata", {{"f:labels", fields}}}}}};
}

TEST(UpdateTarget, TakesAwayOnlyTheLabelsThatWeSetOnce) {
  const Published published(Json{{"secret", {{"labels", {{"still", "wanted"}}}}}});
  Json live = make_target(published.publication());
  live["metadata"]["labels"]["dropped"] = "from the spec";
  live["metadata"]["labels"]["theirs"] = "kept";
  live["metadata"]["managedFields"] =
      Json::array({owning("apiclient-operator", {"still", "dropped", "apiclient.dev/name"}),
                   owning("kubectl", {"theirs"})});
  const Json labels = update_target(live, published.publication())["metadata"]["labels"];
  EXPECT_FALSE(labels.contains("dropped"));
  EXPECT_EQ(labels["theirs"], "kept");
  EXPECT_EQ(labels["still"], "wanted");
  EXPECT_EQ(labels["apiclient.dev/name"], "invoices");
}

TEST(UpdateTarget, TakesOverTheSecretOfADeadUid) {
  const Published published;
  const Json live = a_target_secret().owner("dead-uid").json();
  const Json annotations = update_target(live, published.publication())["metadata"]["annotations"];
  EXPECT_EQ(annotations["apiclient.dev/owner-uid"], test::kUid);
}

// Staged

TEST(StagedSecret, IsImmutableLabelledAndInTheOperatorsNamespace) {
  const auto owner = an_api_client().object().meta;
  const Json secret = write_staged(test::a_staged_credential(), owner, test::kInstallation);
  EXPECT_EQ(secret["metadata"]["namespace"], test::kOperatorNamespace);
  EXPECT_EQ(secret["metadata"]["name"], std::string("staged-") + test::kUid);
  EXPECT_EQ(secret["immutable"], true);
  EXPECT_EQ(secret["metadata"]["labels"]["apiclient.dev/staged"], "true");
  EXPECT_EQ(secret["metadata"]["labels"]["app.kubernetes.io/managed-by"], "apiclient-operator");
  EXPECT_EQ(secret["metadata"]["annotations"]["apiclient.dev/owner-uid"], test::kUid);
  EXPECT_EQ(secret["metadata"]["annotations"]["apiclient.dev/owner-namespace"], test::kNamespace);
  EXPECT_EQ(secret["metadata"]["labels"]["apiclient.dev/name"], test::kName);
}

TEST(StagedSecret, IsReadBackAsWritten) {
  StagedCredential staged = test::a_staged_credential(3, "op-3", "hidden");
  staged.token = "rotate-me";
  const StagedCredential read =
      read_staged(write_staged(staged, an_api_client().object().meta, test::kInstallation)).value();
  EXPECT_EQ(read.key, staged.key);
  EXPECT_EQ(read.operation_id, "op-3");
  EXPECT_EQ(read.kind, "Issue");
  EXPECT_EQ(read.token, "rotate-me");
  EXPECT_EQ(read.revision, 3);
  EXPECT_EQ(read.client_id, test::kClientId);
  EXPECT_EQ(read.registry, staged.registry);
  EXPECT_EQ(read.value, Secret("hidden"));
}

struct BrokenRow {
  std::string name;
  std::string member;
  Json value;
};
class BrokenStaged : public ::testing::TestWithParam<BrokenRow> {};

TEST_P(BrokenStaged, IsRefused) {
  Json secret = write_staged(test::a_staged_credential(), an_api_client().object().meta, test::kInstallation);
  secret["data"][GetParam().member] = GetParam().value;
  EXPECT_THAT(read_staged(secret), test::has_error(ErrorKind::invalid));
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenStaged,
                         ::testing::Values(BrokenRow{"NoOperation", "operation-id", nullptr},
                                           BrokenRow{"NoValue", "value", nullptr},
                                           BrokenRow{"NoRevision", "revision", nullptr},
                                           BrokenRow{"NegativeRevision", "revision", base64_encode("-1")},
                                           BrokenRow{"NotBase64", "value", "%%%"}),
                         test::RowName());

}  // namespace
}  // namespace apiclient::reconciler
