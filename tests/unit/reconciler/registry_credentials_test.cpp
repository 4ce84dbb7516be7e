#include "reconciler/registry_credentials.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "base/encoding.h"
#include "support/builders.h"
#include "support/fake_clock.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::a_registry;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json a_secret(const std::string& name, const std::map<std::string, std::string>& values) {
  Json data = Json::object();
  for (const auto& [key, value] : values) data[key] = base64_encode(value);
  return {
      {"metadata",
       {{"namespace", "operator"}, {"name", name}, {"labels", {{"apiclient.dev/usable-by", "registry"}}}}},
      {"data", data}};
}

class RegistryCredentialsTest : public ::testing::Test {
 protected:
  RegistryCredentialsTest() {
    kube_.put(kube::kSecrets, a_secret("registry-admin", {{"token", "token-1"},
                                                          {"username", "ada"},
                                                          {"password", "hunter2"},
                                                          {"id", "operator"},
                                                          {"secret", "s3cret\n"}}));
    kube_.put(kube::kSecrets, a_secret("ca", {{"ca.crt", "CA PEM"}}));
    kube_.put(kube::kSecrets, a_secret("me", {{"tls.crt", "CRT"}, {"tls.key", "KEY"}}));
  }

  using Answer = std::variant<RegistryCredentials, RegistryTrouble>;
  Result<Answer> read(const Json& patch) {
    return reader_.read(a_registry().with_spec(patch).object().spec, "operator", {});
  }
  RegistryCredentials good(const Json& patch) {
    auto answer = read(patch);
    EXPECT_THAT(answer, test::is_ok());
    if (const auto* trouble = std::get_if<RegistryTrouble>(&*answer)) ADD_FAILURE() << trouble->message;
    return std::get<RegistryCredentials>(*answer);
  }

  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  CredentialsReader reader_{kube_};
};

const Json kBasic{
    {"secretRef", {{"name", "registry-admin"}, {"usernameKey", "username"}, {"passwordKey", "password"}}}};
const Json kClient{
    {"secretRef", {{"name", "registry-admin"}, {"clientIdKey", "id"}, {"clientSecretKey", "secret"}}},
    {"tokenUrl", "http://t"},
    {"scopes", {"admin"}}};

TEST_F(RegistryCredentialsTest, Bearer) {
  const auto auth = good(Json::object()).auth;
  EXPECT_EQ(std::get<backend::BearerAuth>(auth).token->reveal(), "token-1");
}

TEST_F(RegistryCredentialsTest, BasicIsReadByOneGet) {
  const auto auth = good({{"auth", {{"bearer", nullptr}, {"basic", kBasic}}}}).auth;
  EXPECT_EQ(std::get<backend::BasicAuth>(auth).username, "ada");
  EXPECT_EQ(std::get<backend::BasicAuth>(auth).password->reveal(), "hunter2");
  EXPECT_EQ(kube_.calls(test::Verb::find, "secrets"), 1);
}

TEST_F(RegistryCredentialsTest, ClientCredentials) {
  const auto credentials = good({{"auth", {{"bearer", nullptr}, {"clientCredentials", kClient}}}});
  const auto& auth = std::get<backend::ClientCredentialsAuth>(credentials.auth);
  EXPECT_EQ(auth.client_id, "operator");
  EXPECT_EQ(auth.client_secret->reveal(), "s3cret");
  EXPECT_EQ(auth.token_url, "http://t");
  EXPECT_THAT(auth.scopes, ElementsAre("admin"));
}

TEST_F(RegistryCredentialsTest, NoneAtAll) {
  const auto credentials = good({{"auth", nullptr}});
  EXPECT_TRUE(std::holds_alternative<backend::NoAuth>(credentials.auth));
  EXPECT_EQ(kube_.calls(test::Verb::find, "secrets"), 0);
}

const Json kTls{{"tls",
                 {{"caSecretRef", {{"name", "ca"}, {"key", "ca.crt"}}},
                  {"clientCertificateSecretRef", {{"name", "me"}}},
                  {"serverName", "registry.example"}}}};

TEST_F(RegistryCredentialsTest, Tls) {
  const auto tls = good(kTls).tls;
  EXPECT_EQ(tls.ca_pem, "CA PEM");
  EXPECT_EQ(tls.certificate_pem, "CRT");
  EXPECT_EQ(tls.key_pem->reveal(), "KEY");
  EXPECT_EQ(tls.server_name, "registry.example");
}

TEST_F(RegistryCredentialsTest, TheVersionChangesWithEachSecret) {
  const std::string before = good(kTls).version;
  EXPECT_EQ(good(kTls).version, before);
  for (const char* name : {"registry-admin", "ca", "me"}) {
    const std::string last = good(kTls).version;
    Json secret = kube_.get(kube::kSecrets, {"operator", name});
    secret["metadata"]["annotations"] = {{"touched", "yes"}};
    kube_.put(kube::kSecrets, secret);
    EXPECT_NE(good(kTls).version, last) << name;
  }
}

struct CredentialsRow {
  std::string name;
  Json spec;
  std::string secret;
  std::string reason;
  std::string message;
};
class MissingSecret : public RegistryCredentialsTest, public ::testing::WithParamInterface<CredentialsRow> {};

TEST_P(MissingSecret, IsNamedWithFieldAndFix) {
  kube_.erase(kube::kSecrets, {"operator", GetParam().secret});
  const auto answer = read(GetParam().spec);
  ASSERT_THAT(answer, test::is_ok());
  const auto* trouble = std::get_if<RegistryTrouble>(&*answer);
  ASSERT_NE(trouble, nullptr);
  EXPECT_EQ(trouble->reason, GetParam().reason);
  EXPECT_FALSE(trouble->stalled) << "it may come";
  EXPECT_THAT(trouble->message, HasSubstr(GetParam().message));
  EXPECT_THAT(trouble->message, HasSubstr("create it"));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, MissingSecret,
    ::testing::Values(
        CredentialsRow{"Bearer", Json::object(), "registry-admin", "CredentialsNotFound",
                       "spec.auth.bearer.secretRef: Secret operator/registry-admin does not exist"},
        CredentialsRow{"Basic",
                       {{"auth", {{"bearer", nullptr}, {"basic", kBasic}}}},
                       "registry-admin",
                       "CredentialsNotFound",
                       "spec.auth.basic.secretRef: Secret operator/registry-admin"},
        CredentialsRow{"ClientCredentials",
                       {{"auth", {{"bearer", nullptr}, {"clientCredentials", kClient}}}},
                       "registry-admin",
                       "CredentialsNotFound",
                       "spec.auth.clientCredentials.secretRef"},
        CredentialsRow{"Ca", kTls, "ca", "CredentialsNotFound", "spec.tls.caSecretRef: Secret operator/ca"},
        CredentialsRow{"Certificate", kTls, "me", "CredentialsNotFound",
                       "spec.tls.clientCertificateSecretRef: Secret operator/me"}),
    test::RowName());

TEST_F(RegistryCredentialsTest, EveryOneNeedsTheLabel) {
  Json secret = a_secret("ca", {{"ca.crt", "CA PEM"}});
  secret["metadata"].erase("labels");
  kube_.erase(kube::kSecrets, {"operator", "ca"});
  kube_.put(kube::kSecrets, secret);
  const auto answer = read(kTls);
  ASSERT_THAT(answer, test::is_ok());
  const auto& trouble = std::get<RegistryTrouble>(*answer);
  EXPECT_EQ(trouble.reason, "CredentialsNotUsable");
  EXPECT_THAT(trouble.message, HasSubstr("spec.tls.caSecretRef"));
  EXPECT_THAT(trouble.message, HasSubstr("add the label"));
}

TEST_F(RegistryCredentialsTest, ACertificateWithoutItsKeyIsNamed) {
  kube_.erase(kube::kSecrets, {"operator", "me"});
  kube_.put(kube::kSecrets, a_secret("me", {{"tls.crt", "CRT"}}));
  const auto answer = read(kTls);
  ASSERT_THAT(answer, test::is_ok());
  EXPECT_THAT(std::get<RegistryTrouble>(*answer).message, HasSubstr("no value under the key tls.key"));
}

TEST_F(RegistryCredentialsTest, AReadThatFailsIsNotAbsence) {
  kube_.fail_next(test::Verb::find, "secrets", {.kind = ErrorKind::unavailable, .message = "no answer"});
  EXPECT_THAT(read(Json::object()), test::has_error(ErrorKind::unavailable));
}

TEST(SecretsOf, NamesAllThatAreReferredTo) {
  EXPECT_THAT(secrets_of(a_registry().with_spec(kTls).object().spec),
              ElementsAre("ca", "me", "registry-admin"));
  EXPECT_THAT(secrets_of(a_registry().with_spec({{"auth", nullptr}}).object().spec), IsEmpty());
}

}  // namespace
}  // namespace apiclient::reconciler
