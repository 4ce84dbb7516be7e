#include "backend/registration_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "json/json.h"
#include "support/matchers.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend::registration {
namespace {

using test::a_full_client;
using test::a_machine_client;
using ::testing::HasSubstr;

ClientSettings a_public_client(const std::string& redirect_uri) {
  return {.client_id = "phone",
          .client_name = "Phone",
          .type = ClientType::public_client,
          .grant_types = {"authorization_code"},
          .redirect_uris = {redirect_uri},
          .token_endpoint_auth_method = "none"};
}

/// Without what the metadata has no place for.
ClientSettings a_web_client() {
  ClientSettings settings = a_full_client();
  settings.audiences.clear();
  settings.allowed_cors_origins.clear();
  settings.access_token_lifetime = settings.refresh_token_lifetime = settings.id_token_lifetime =
      std::nullopt;
  return settings;
}

Json written(const ClientSettings& settings, const std::string& client_id = {}) {
  return *json::parse(*write_metadata(settings, client_id));
}

/// What a server answers that takes everything as it is.
Json echoed(const ClientSettings& settings) {
  Json answer = written(settings, settings.client_id);
  answer["client_secret"] = "the-secret";
  answer["registration_access_token"] = "the-token";
  answer["registration_client_uri"] = "https://id.example/reg/1";
  answer["client_id_issued_at"] = 1'700'000'000;
  answer["client_secret_expires_at"] = 0;
  return answer;
}

TEST(RegistrationCodec, WritesTheMetadataOfRfc7591) {
  EXPECT_EQ(written(a_machine_client()), (Json{{"client_name", "Invoice exporter"},
                                               {"redirect_uris", Json::array()},
                                               {"grant_types", {"client_credentials"}},
                                               {"response_types", Json::array()},
                                               {"scope", "invoices.read invoices.write"},
                                               {"token_endpoint_auth_method", "client_secret_basic"}}));
  const Json full = written(a_web_client(), "id-1");
  EXPECT_EQ(full["client_id"], "id-1");
  EXPECT_EQ(full["response_types"], Json::array({"code"}));
  EXPECT_EQ(full["post_logout_redirect_uris"], Json::array({"https://a.example/bye"}));
  EXPECT_EQ(full["jwks"]["keys"][0]["kid"], "1");
  EXPECT_EQ(full["software_id"], "shop") << "a parameter";
  EXPECT_FALSE(full.contains("application_type"));
}

TEST(RegistrationCodec, ApplicationsOnADeviceAreNative) {
  EXPECT_EQ(written(a_public_client("com.example.phone:/callback"))["application_type"], "native");
  EXPECT_EQ(written(a_public_client("http://127.0.0.1/callback"))["application_type"], "native");
  EXPECT_FALSE(written(a_public_client("https://app.example/cb")).contains("application_type"));
  ClientSettings web = a_web_client();
  web.redirect_uris = {"http://localhost/callback"};
  EXPECT_FALSE(written(web).contains("application_type"));
}

struct Unplaceable {
  const char* name;
  std::function<void(ClientSettings&)> change;
  const char* culprit;
};

class RegistrationRefuses : public ::testing::TestWithParam<Unplaceable> {};

TEST_P(RegistrationRefuses, WhatNobodyWouldKeep) {
  ClientSettings settings = a_machine_client();
  GetParam().change(settings);
  EXPECT_THAT(write_metadata(settings),
              test::has_error_text(ErrorKind::invalid, HasSubstr(GetParam().culprit)));
}

INSTANTIATE_TEST_SUITE_P(
    Members, RegistrationRefuses,
    ::testing::Values(Unplaceable{"Audiences", [](auto& one) { one.audiences = {"https://api.example"}; },
                                  "spec.audiences"},
                      Unplaceable{"Origins",
                                  [](auto& one) { one.allowed_cors_origins = {"https://a.example"}; },
                                  "spec.allowedCorsOrigins"},
                      Unplaceable{"Lifetimes",
                                  [](auto& one) { one.access_token_lifetime = std::chrono::seconds(900); },
                                  "spec.tokenLifetimes"},
                      Unplaceable{"Keys", [](auto& one) { one.jwks = "{"; }, "jwks"},
                      Unplaceable{"ParameterOfOurs",
                                  [](auto& one) {
                                    one.parameters = {{"redirect_uris", "x"}};
                                  },
                                  "redirect_uris"},
                      Unplaceable{"ParameterOfTheServer",
                                  [](auto& one) {
                                    one.parameters = {{"client_secret", "x"}};
                                  },
                                  "client_secret"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(RegistrationCodec, ReadsWhatItHasWrittenAsTheSame) {
  for (const ClientSettings& settings :
       {a_machine_client(), a_web_client(), a_public_client("com.example.phone:/callback")}) {
    const auto answer = read_answer(json::dump(echoed(settings)), settings);
    ASSERT_THAT(answer, test::is_ok());
    EXPECT_TRUE(answer->settings == normalised(settings)) << settings.client_name;
  }
}

TEST(RegistrationCodec, ReadsWhatTheServerAddsOnce) {
  const auto answer = read_answer(json::dump(echoed(a_machine_client())), a_machine_client());
  ASSERT_THAT(answer, test::is_ok());
  EXPECT_EQ(answer->client_secret, Secret("the-secret"));
  EXPECT_EQ(answer->access_token, Secret("the-token"));
  EXPECT_EQ(answer->management_uri, "https://id.example/reg/1");
  EXPECT_EQ(answer->issued_at, WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_FALSE(answer->secret_expires);
}

TEST(RegistrationCodec, TheDigestTellsOnlyOfTheClient) {
  const Json first = echoed(a_web_client());
  const auto digest = [](const Json& answer) {
    return read_answer(json::dump(answer), a_web_client())->digest;
  };
  Json same = first;
  same["client_secret"] = "another";
  same["registration_access_token"] = "another";
  same["client_secret_expires_at"] = 5;
  same.erase("client_id_issued_at");
  same["redirect_uris"] = {"https://b.example/cb", "https://a.example/cb"};
  EXPECT_EQ(digest(same), digest(first));
  Json other = first;
  other["client_name"] = "Somebody was here";
  EXPECT_NE(digest(other), digest(first));
}

TEST(RegistrationCodec, WhatTheServerHasIsTheTruth) {
  const ClientSettings asked = a_web_client();
  Json changed = echoed(asked);
  changed["client_name"] = "Somebody was here";
  changed.erase("scope");
  changed["tier"] = 7;
  const auto answer = read_answer(json::dump(changed), asked);
  ASSERT_THAT(answer, test::is_ok());
  EXPECT_EQ(answer->settings.client_name, "Somebody was here");
  EXPECT_THAT(answer->settings.scopes, ::testing::IsEmpty());
  EXPECT_EQ(answer->settings.parameters.at("tier"), "7");
  EXPECT_EQ(answer->settings.type, asked.type);
  EXPECT_EQ(answer->settings.require_consent, asked.require_consent);
}

TEST(RegistrationCodec, WhatIsNoClientIsNoAnswer) {
  for (const char* body : {"<html>", "[]", "{}", R"({"client_id": 5})"}) {
    EXPECT_THAT(read_answer(body, {}), test::has_error(ErrorKind::protocol)) << body;
  }
}

}  // namespace
}  // namespace apiclient::backend::registration
