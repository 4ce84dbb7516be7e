#include "backend/registration_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "backend/registration_codec.h"
#include "json/json.h"
#include "support/fake_clock.h"
#include "support/log_capture.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

using http::Method;
using std::chrono::seconds;
using test::a_machine_client;
using test::a_mark;
using test::has_error;
using test::has_error_text;
using test::is_ok;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kMetadataPath = "/.well-known/oauth-authorization-server";
const std::string kInvalidToken = R"({"error":"invalid_token","error_description":"invalid token provided"})";

class MemoryStore final : public RegistrationStore {
 public:
  [[nodiscard]] std::string name_of(const std::string& client_id) const override {
    return "Secret of " + client_id;
  }
  Result<std::optional<RegistrationRecord>> find(const std::string& client_id,
                                                 std::stop_token /*stop*/) override {
    const auto found = records.find(client_id);
    if (found == records.end()) return std::optional<RegistrationRecord>();
    return std::optional(found->second.clone());
  }
  Result<void> save(RegistrationRecord record, std::stop_token /*stop*/) override {
    ++saves;
    const std::string id = record.client_id;
    pending.push_back(record.pending);
    records[id] = std::move(record);
    if (!broken) return {};
    return fail(ErrorKind::conflict, "the cluster is away");
  }
  Result<void> flush(const std::string& /*client_id*/, std::stop_token /*stop*/) override { return {}; }
  Result<void> remove(const std::string& client_id, std::stop_token /*stop*/) override {
    records.erase(client_id);
    return {};
  }

  std::map<std::string, RegistrationRecord> records;
  std::vector<PendingCall> pending;  ///< of each save
  int saves = 0;
  bool broken = false;
};

class RegistrationBackendTest : public ::testing::Test {
 protected:
  static std::string answer(const std::string& token = "token-1",
                            const std::string& name = "Invoice exporter") {
    ClientSettings settings = a_machine_client();
    settings.client_name = name;
    Json document = *json::parse(*registration::write_metadata(settings, "id-1"));
    document["client_secret"] = "made-by-the-server-made-by-the-server";
    document["registration_access_token"] = token;
    document["registration_client_uri"] = "https://id.example/reg/id-1";
    return json::dump(document);
  }
  static std::string metadata(const std::string& endpoint) {
    return json::dump({{"issuer", "https://id.example"},
                       {"token_endpoint", "https://id.example/token"},
                       {"registration_endpoint", endpoint}});
  }
  static ClientSettings registered_client() {
    ClientSettings settings = a_machine_client();
    settings.client_id = "id-1";
    return settings;
  }

  std::unique_ptr<Backend> backend(std::string endpoint_path = "/reg", std::string token_url = "") {
    return make_registration_backend("default", {.endpoint = {.probes = probes_,
                                                              .registrations = registrations_,
                                                              .discovery = discovery_,
                                                              .origin = "https://id.example:443",
                                                              .path = std::move(endpoint_path),
                                                              .token_url = std::move(token_url),
                                                              .has_credentials = true},
                                                 .management = management_,
                                                 .store = store_,
                                                 .clock = clock_,
                                                 .metrics = metrics_});
  }
  Result<Registration> registered(int status = 201, const std::string& body = answer()) {
    registrations_.expect(Method::post, "/reg", status, body);
    return backend_->register_client(a_machine_client(), a_mark(), "op-1", {});
  }
  void has_client(PendingCall pending = PendingCall::none) {
    ASSERT_THAT(registered(), is_ok());
    record().pending = pending;
    store_.saves = 0;
    store_.pending.clear();
  }
  RegistrationRecord& record() { return store_.records.at("id-1"); }
  void expect(Method method, int status, std::string body = {}) {
    management_.expect(method, "/reg/id-1", status, std::move(body));
  }

  test::LogCapture logs_;
  test::FakeClock clock_;
  test::ScriptedTransport probes_;
  test::ScriptedTransport registrations_;
  test::ScriptedTransport management_;
  test::ScriptedTransport issuer_;
  telemetry::Metrics metrics_;
  Discovery discovery_{issuer_, "https://id.example", ""};
  MemoryStore store_;
  std::unique_ptr<Backend> backend_ = backend();
};

TEST_F(RegistrationBackendTest, ProbesTheIssuerAndTheEndpoint) {
  issuer_.expect(Method::get, kMetadataPath, 200, metadata("https://id.example/reg"));
  probes_.expect(Method::get, "/reg", 405);
  const auto info = backend("")->probe({});
  ASSERT_THAT(info, is_ok());
  EXPECT_TRUE((info->capabilities ==
               Capabilities{.chooses_client_id = true, .chooses_secret = true, .max_secrets = 1}));
  EXPECT_EQ(info->endpoints.token, "https://id.example/token");
}

TEST_F(RegistrationBackendTest, AsksForTheEndpointWhereTheMetadataHasNoneThatItMayFollow) {
  for (const char* endpoint : {"", "https://elsewhere.example/reg", "https://id.example:8443/reg"}) {
    issuer_.expect(Method::get, kMetadataPath, 200, metadata(endpoint));
    EXPECT_THAT(
        backend("")->probe({}),
        has_error_text(ErrorKind::invalid, HasSubstr("spec.dynamicRegistration.registrationEndpoint")))
        << endpoint;
  }
}

TEST_F(RegistrationBackendTest, NeedsNoMetadataWhereBothEndpointsAreGiven) {
  issuer_.expect(Method::get, kMetadataPath, 404)
      .expect(Method::get, "/.well-known/openid-configuration", 404);
  probes_.expect(Method::get, "/reg", 404);
  const auto info = backend("/reg", "https://id.example/token")->probe({});
  ASSERT_THAT(info, is_ok());
  EXPECT_EQ(info->endpoints.token, "https://id.example/token");
}

TEST_F(RegistrationBackendTest, NeedsMetadataWhereNobodySaysWhereTokensAre) {
  issuer_.expect(Method::get, kMetadataPath, 404)
      .expect(Method::get, "/.well-known/openid-configuration", 404);
  EXPECT_FALSE(backend("/reg")->probe({}).has_value());
}

TEST_F(RegistrationBackendTest, AProbeSeesRefusedCredentialsAndAFailingServer) {
  const std::map<int, ErrorKind> rows{{401, ErrorKind::unauthorized},
                                      {403, ErrorKind::forbidden},
                                      {429, ErrorKind::throttled},
                                      {503, ErrorKind::unavailable}};
  for (const auto& [status, kind] : rows) {
    issuer_.expect(Method::get, kMetadataPath, 200, metadata("https://id.example/reg"));
    probes_.expect(Method::get, "/reg", status);
    EXPECT_THAT(backend_->probe({}), has_error(kind)) << status;
  }
}

TEST_F(RegistrationBackendTest, RegistersAndKeepsWhatManagesTheClient) {
  const auto made = registered();
  ASSERT_THAT(made, is_ok());
  EXPECT_EQ(made->client.settings.client_id, "id-1");
  EXPECT_EQ(made->value, Secret("made-by-the-server-made-by-the-server"));
  ASSERT_EQ(made->client.credentials.size(), 1U);
  EXPECT_EQ(made->client.credentials[0].operation_id, "op-1");
  EXPECT_EQ(registrations_.requests().at(0).timeout, seconds(4));
  EXPECT_EQ(record().access_token, Secret("token-1"));
  EXPECT_EQ(record().mark, a_mark());
  EXPECT_TRUE(record().requested == registered_client());
}

TEST_F(RegistrationBackendTest, AnAnswerThatCannotBeStoredYetIsAnAnswer) {
  store_.broken = true;
  EXPECT_THAT(registered(), is_ok());
}

TEST_F(RegistrationBackendTest, RefusalsOfARegistration) {
  const std::string refused = R"({"error":"invalid_redirect_uri","error_description":"no"})";
  EXPECT_THAT(registered(400, refused), has_error(ErrorKind::invalid));
  EXPECT_THAT(registered(401, kInvalidToken), has_error(ErrorKind::unauthorized));
  EXPECT_THAT(registered(404, "<html>"), has_error(ErrorKind::protocol));
  EXPECT_THAT(registered(200, "<html>"), has_error(ErrorKind::protocol));
}

TEST_F(RegistrationBackendTest, AClientWithoutItsSecretIsRemovedAgain) {
  Json bare = *json::parse(answer());
  bare.erase("client_secret");
  expect(Method::del, 204);
  EXPECT_THAT(registered(201, json::dump(bare)),
              has_error_text(ErrorKind::invalid, HasSubstr("without a secret")));
  EXPECT_TRUE(store_.records.empty());
}

TEST_F(RegistrationBackendTest, WhatWasNeverRegisteredIsAbsent) {
  const auto found = backend_->find("id-9", {});
  ASSERT_THAT(found, is_ok());
  EXPECT_FALSE(*found);
}

TEST_F(RegistrationBackendTest, LooksUpWithTheClientsOwnToken) {
  has_client();
  expect(Method::get, 200, answer());
  const auto found = backend_->find("id-1", {});
  ASSERT_THAT(found, is_ok());
  EXPECT_TRUE((*found)->settings == registered_client());
  EXPECT_EQ((*found)->mark, a_mark());
  EXPECT_EQ(http::find_header(management_.requests().at(0).headers, "Authorization"), "Bearer token-1");
  EXPECT_EQ(store_.saves, 0) << "nothing has changed";
}

TEST_F(RegistrationBackendTest, WhatTheServerMadeOfTheRequestIsNoDrift) {
  Json other = *json::parse(answer());
  other["scope"] = "invoices.read";
  ASSERT_THAT(registered(201, json::dump(other)), is_ok());
  expect(Method::get, 200, json::dump(other));
  const auto found = backend_->find("id-1", {});
  EXPECT_TRUE((*found)->settings == registered_client());
  ASSERT_TRUE((*found)->stored_as) << "but it is told";
  EXPECT_THAT((*found)->stored_as->scopes, testing::ElementsAre("invoices.read"));
  EXPECT_THAT(differing_fields((*found)->settings, *(*found)->stored_as),
              testing::ElementsAre("spec.scopes"));
}

TEST_F(RegistrationBackendTest, DriftIsSeen) {
  has_client();
  expect(Method::get, 200, answer("token-1", "Somebody was here"));
  EXPECT_EQ((*backend_->find("id-1", {}))->settings.client_name, "Somebody was here");
}

TEST_F(RegistrationBackendTest, ANewTokenIsStoredBeforeAnythingElse) {
  has_client();
  expect(Method::get, 200, answer("token-2"));
  ASSERT_THAT(backend_->find("id-1", {}), is_ok());
  EXPECT_EQ(record().access_token, Secret("token-2"));
  store_.broken = true;
  expect(Method::get, 200, answer("token-3"));
  EXPECT_THAT(backend_->find("id-1", {}), has_error(ErrorKind::conflict));
}

TEST_F(RegistrationBackendTest, AbsentOnlyAfterTheServersOwnNotFound) {
  has_client();
  expect(Method::get, 404, R"({"error":"not_found","error_description":"gone"})");
  EXPECT_FALSE(*backend_->find("id-1", {}));
  expect(Method::get, 404, "<html>");
  EXPECT_THAT(backend_->find("id-1", {}), has_error(ErrorKind::protocol));
}

TEST_F(RegistrationBackendTest, ARefusedTokenIsTheClientsMatter) {
  has_client();
  expect(Method::get, 401, kInvalidToken);
  const auto found = backend_->find("id-1", {});
  ASSERT_THAT(found, has_error_text(ErrorKind::invalid, HasSubstr("Secret of id-1")));
  EXPECT_EQ(found.error().code, "registration_token_refused");
  EXPECT_THAT(found.error().message, Not(HasSubstr("token-1")));
}

TEST_F(RegistrationBackendTest, ARefusedTokenAfterOurRemovalMeansGone) {
  has_client(PendingCall::removal);
  expect(Method::get, 401, kInvalidToken);
  const auto found = backend_->find("id-1", {});
  ASSERT_THAT(found, is_ok());
  EXPECT_FALSE(*found);
  EXPECT_TRUE(store_.records.empty());
}

TEST_F(RegistrationBackendTest, ATokenThatWasLostWithAnAnswerIsGivenUpAndCounted) {
  has_client(PendingCall::update);
  expect(Method::get, 401, kInvalidToken);
  const auto found = backend_->find("id-1", {});
  ASSERT_THAT(found, is_ok());
  EXPECT_FALSE(*found);
  EXPECT_THAT(metrics_.text(), HasSubstr("apiclient_registrations_lost_total{registry=\"default\"} 1"));
}

TEST_F(RegistrationBackendTest, UpdatesReplaceTheMetadata) {
  has_client();
  ClientSettings wish = registered_client();
  wish.client_name = "Another name";
  expect(Method::put, 200, answer("token-2", "Another name"));
  const auto updated = backend_->update(wish, a_mark(), "uid-1", {});
  ASSERT_THAT(updated, is_ok());
  const Json body = *json::parse(management_.requests().at(0).body);
  EXPECT_EQ(body["client_id"], "id-1");
  EXPECT_FALSE(body.contains("client_secret"));
  EXPECT_THAT(store_.pending, ::testing::ElementsAre(PendingCall::update, PendingCall::none));
  EXPECT_EQ(record().access_token, Secret("token-2"));
  expect(Method::get, 200, answer("token-2", "Another name"));
  EXPECT_TRUE((*backend_->find("id-1", {}))->settings == wish);
}

TEST_F(RegistrationBackendTest, AnUpdateWithoutAnAnswerStaysPending) {
  has_client();
  management_.expect(Method::put, "/reg/id-1", Error{.kind = ErrorKind::timeout, .message = "late"});
  EXPECT_THAT(backend_->update(registered_client(), a_mark(), "uid-1", {}), has_error(ErrorKind::timeout));
  EXPECT_EQ(record().pending, PendingCall::update);
  expect(Method::put, 400, R"({"error":"invalid_client_metadata","error_description":"no"})");
  EXPECT_THAT(backend_->update(registered_client(), a_mark(), "uid-1", {}), has_error(ErrorKind::invalid));
  EXPECT_EQ(record().pending, PendingCall::none) << "a refusal is an answer";
}

TEST_F(RegistrationBackendTest, OnlyTheOwnerWrites) {
  has_client();
  EXPECT_THAT(backend_->update(registered_client(), a_mark(), "uid-2", {}), has_error(ErrorKind::conflict));
  EXPECT_THAT(backend_->remove("id-1", "uid-2", {}), has_error(ErrorKind::conflict));
  EXPECT_THAT(backend_->remove("id-1", "", {}), has_error(ErrorKind::internal));
}

TEST_F(RegistrationBackendTest, RemovesTheClientAndItsRecord) {
  for (const int status : {204, 200}) {
    has_client();
    expect(Method::del, status);
    EXPECT_THAT(backend_->remove("id-1", "uid-1", {}), is_ok()) << status;
    EXPECT_TRUE(store_.records.empty());
  }
  EXPECT_THAT(backend_->remove("id-1", "uid-1", {}), is_ok()) << "absent is success";
}

TEST_F(RegistrationBackendTest, ALostAnswerToARemovalIsUnderstoodTheNextTime) {
  has_client();
  management_.expect(Method::del, "/reg/id-1", Error{.kind = ErrorKind::unavailable, .message = "reset"});
  EXPECT_THAT(backend_->remove("id-1", "uid-1", {}), has_error(ErrorKind::unavailable));
  EXPECT_EQ(record().pending, PendingCall::removal);
  expect(Method::del, 401, kInvalidToken);
  EXPECT_THAT(backend_->remove("id-1", "uid-1", {}), is_ok());
  EXPECT_TRUE(store_.records.empty());
}

TEST_F(RegistrationBackendTest, ARefusedTokenIsNoRemoval) {
  has_client();
  expect(Method::del, 401, kInvalidToken);
  EXPECT_THAT(backend_->remove("id-1", "uid-1", {}),
              has_error_text(ErrorKind::invalid, HasSubstr("Secret of id-1")));
  EXPECT_EQ(record().pending, PendingCall::none);
}

TEST_F(RegistrationBackendTest, AServerWithoutManagementIsSaidToBeOne) {
  Json bare = *json::parse(answer());
  bare["registration_client_uri"] = "https://elsewhere.example/reg/id-1";
  ASSERT_THAT(registered(201, json::dump(bare)), is_ok());
  EXPECT_TRUE((*backend_->find("id-1", {}))->settings == registered_client()) << "as it was asked for";
  EXPECT_THAT(backend_->remove("id-1", "uid-1", {}),
              has_error_text(ErrorKind::invalid, HasSubstr("RFC 7592")));
  ClientSettings wish = registered_client();
  wish.client_name = "Another name";
  EXPECT_THAT(backend_->update(wish, a_mark(), "uid-1", {}),
              has_error_text(ErrorKind::invalid, HasSubstr("RFC 7592")));
}

TEST_F(RegistrationBackendTest, WhatTheServerDoesNotDoToAClientIsSaid) {
  for (const int status : {403, 405, 501}) {
    has_client();
    expect(Method::del, status);
    EXPECT_THAT(backend_->remove("id-1", "uid-1", {}), has_error(ErrorKind::invalid)) << status;
    EXPECT_EQ(record().pending, PendingCall::none) << status;
  }
}

}  // namespace
}  // namespace apiclient::backend
