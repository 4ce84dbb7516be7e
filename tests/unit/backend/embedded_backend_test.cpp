#include "backend/embedded_backend.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backend/embedded_codec.h"
#include "json/json.h"
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
using test::is_ok;
using test::kValue;
using test::ScriptedTransport;

const std::string kClientId = "acme_team-a_invoices";
const std::string kClients = "/admin/v1/clients";
const std::string kFirstPage = "/admin/v1/clients?limit=1";
const std::string kMetadataPath = "/.well-known/oauth-authorization-server";
const std::string kPath = "/admin/v1/clients/acme_team-a_invoices";

std::string problem(const std::string& code, const std::string& detail = "why") {
  return R"({"title":"t","detail":")" + detail + R"(","code":")" + code + "\"}";
}

std::string stored_client(const ClientSettings& settings = a_machine_client()) {
  Json document = *json::parse(*embedded::write_client(settings, a_mark()));
  document["etag"] = "1";
  document["secrets"] = Json::array();
  return json::dump(document);
}

class EmbeddedBackendTest : public testing::Test {
 protected:
  http::Request only_write() {
    EXPECT_EQ(writes_.requests().size(), 1U);
    return writes_.requests().empty() ? http::Request() : writes_.requests().front();
  }

  ScriptedTransport reads_;
  ScriptedTransport writes_;
  ScriptedTransport issuer_;
  telemetry::Metrics metrics_;
  Discovery discovery_{issuer_, "http://id.example", ""};
  std::unique_ptr<Backend> backend_ = make_embedded_backend(
      "default", {.reads = reads_, .writes = writes_, .discovery = discovery_, .metrics = metrics_});
  const Secret value_{kValue};
  const NewCredential credential_{.operation_id = "op-1", .revision = 2, .value = &value_};
};

TEST_F(EmbeddedBackendTest, FindReadsWithADeadline) {
  reads_.expect(Method::get, kPath, 200, stored_client());
  const auto client = backend_->find(kClientId, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  ASSERT_TRUE(client->has_value());
  EXPECT_TRUE((*client)->settings == a_machine_client());
  const http::Request request = reads_.requests().at(0);
  EXPECT_FALSE(request.headers.contains("Authorization")) << "the transport's business";
  EXPECT_EQ(request.timeout, seconds(10));
}

TEST_F(EmbeddedBackendTest, ClientIdIsEncodedInThePath) {
  reads_.expect(Method::get, "/admin/v1/clients/a%2F..%2Fb%20c", 404, problem("not_found"));
  EXPECT_THAT(backend_->find("a/../b c", {}), is_ok());
}

TEST_F(EmbeddedBackendTest, AbsentOnlyAfterTheRegistrysOwnNotFound) {
  reads_.expect(Method::get, kPath, 404, problem("not_found"));
  const auto absent = backend_->find(kClientId, {});
  ASSERT_TRUE(absent.has_value());
  EXPECT_FALSE(absent->has_value());
  reads_.expect(Method::get, kPath, 404, "<html>nginx</html>");
  const auto wrong_url = backend_->find(kClientId, {});
  ASSERT_FALSE(wrong_url.has_value());
  EXPECT_EQ(wrong_url.error().kind, ErrorKind::protocol);
}

TEST_F(EmbeddedBackendTest, ErrorsBeginWithTheOperation) {
  reads_.expect(
      Method::get, kPath,
      http::Response{.status_code = 503, .headers = {{"Retry-After", "3"}}, .body = problem("unavailable")});
  const auto client = backend_->find(kClientId, {});
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().message, "find client acme_team-a_invoices: why");
  EXPECT_EQ(client.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(client.error().retry_after, seconds(3));
}

TEST_F(EmbeddedBackendTest, AnswerAboutAnotherClientIsNoAnswer) {
  ClientSettings other = a_machine_client();
  other.client_id = "somebody-else";
  reads_.expect(Method::get, kPath, 200, stored_client(other));
  const auto client = backend_->find(kClientId, {});
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().kind, ErrorKind::protocol);
}

TEST_F(EmbeddedBackendTest, CreateSendsClientSecretAndOperation) {
  writes_.expect(Method::post, kClients, 201, stored_client());
  const auto client = backend_->create(a_machine_client(), a_mark(), &credential_, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  const http::Request request = only_write();
  EXPECT_EQ(http::find_header(request.headers, "Idempotency-Key"), "op-1");
  EXPECT_EQ(http::find_header(request.headers, "Content-Type"), "application/json");
  EXPECT_EQ(request.timeout, seconds(4));
  EXPECT_EQ((*json::parse(request.body))["secret"]["value"], kValue);
}

TEST_F(EmbeddedBackendTest, CreateWithoutSecretHasNoOperation) {
  writes_.expect(Method::post, kClients, 201, stored_client());
  ASSERT_TRUE(backend_->create(a_machine_client(), a_mark(), nullptr, {}).has_value());
  const http::Request request = only_write();
  EXPECT_FALSE(request.headers.contains("Idempotency-Key"));
  EXPECT_FALSE((*json::parse(request.body)).contains("secret"));
}

TEST_F(EmbeddedBackendTest, CreateTellsItsConflictsApart) {
  struct Row {
    const char* code;
    ErrorKind kind;
  };
  for (const Row& row :
       {Row{"already_exists", ErrorKind::already_exists}, Row{"deleted_operation", ErrorKind::conflict},
        Row{"revision_conflict", ErrorKind::conflict}}) {
    writes_.expect(Method::post, kClients, 409, problem(row.code));
    const auto client = backend_->create(a_machine_client(), a_mark(), &credential_, {});
    ASSERT_FALSE(client.has_value()) << row.code;
    EXPECT_EQ(client.error().kind, row.kind) << row.code;
    EXPECT_EQ(client.error().code, row.code);
  }
}

TEST_F(EmbeddedBackendTest, SecretThatTheRegistryRepeatsStaysOutOfTheError) {
  writes_.expect(Method::post, kClients, 400, problem("invalid_request", "bad value " + kValue));
  const auto client = backend_->create(a_machine_client(), a_mark(), &credential_, {});
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().message.find(kValue), std::string::npos);
}

std::string page(std::initializer_list<const char*> ids, const std::string& next = "") {
  Json document{{"items", Json::array()}, {"continue", next}};
  for (const char* id : ids) document["items"].push_back({{"client_id", id}, {"anything", 1}});
  return json::dump(document);
}

TEST_F(EmbeddedBackendTest, ListFollowsAllPagesOfOurMark) {
  const std::string first = kClients + "?limit=500&owner=our%20id";
  reads_.expect(Method::get, first, 200, page({"a", "b"}, "t/1"));
  reads_.expect(Method::get, first + "&continue=t%2F1", 200, page({"c"}));
  const auto listed = backend_->list_owned("our id", {});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_EQ(*listed, (std::vector<std::string>{"a", "b", "c"}));
}

struct ListTrouble {
  int status_code;
  std::string body;
  ErrorKind kind;
};

TEST_F(EmbeddedBackendTest, AListThatIsNoneIsNotAnEmptyOne) {
  const std::string path = kClients + "?limit=500&owner=us";
  for (const auto& row : {ListTrouble{404, problem("not_found"), ErrorKind::protocol},
                          ListTrouble{200, "{}", ErrorKind::protocol},
                          ListTrouble{200, R"({"items":[{"id":"a"}],"continue":""})", ErrorKind::protocol},
                          ListTrouble{401, problem("unauthorized"), ErrorKind::unauthorized},
                          ListTrouble{503, "", ErrorKind::unavailable}}) {
    reads_.expect(Method::get, path, row.status_code, row.body);
    EXPECT_THAT(backend_->list_owned("us", {}), has_error(row.kind)) << row.status_code << row.body;
  }
}

TEST_F(EmbeddedBackendTest, APageThatLeadsToItselfEndsTheList) {
  const std::string path = kClients + "?limit=500&owner=us";
  reads_.expect(Method::get, path, 200, page({"a"}, "x"));
  reads_.expect(Method::get, path + "&continue=x", 200, page({"a"}, "x"));
  EXPECT_THAT(backend_->list_owned("us", {}), has_error(ErrorKind::protocol));
}

TEST_F(EmbeddedBackendTest, CreateThatAnswersHtmlHasAnUnknownOutcome) {
  writes_.expect(Method::post, kClients, 200, "<html>welcome</html>");
  const auto client = backend_->create(a_machine_client(), a_mark(), &credential_, {});
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().kind, ErrorKind::protocol);
  EXPECT_TRUE(outcome_unknown(client.error()));
}

TEST_F(EmbeddedBackendTest, UpdateNamesTheOwnerItExpects) {
  writes_.expect(Method::put, kPath, 200, stored_client());
  ASSERT_TRUE(backend_->update(a_machine_client(), a_mark(), "uid-0", {}).has_value());
  const http::Request request = only_write();
  EXPECT_EQ(http::find_header(request.headers, "Apiclient-Owner-Uid"), "uid-0");
  EXPECT_EQ(request.timeout, seconds(4));
  EXPECT_FALSE((*json::parse(request.body)).contains("secret"));
}

TEST_F(EmbeddedBackendTest, AdoptIsBoundToTheStateThatWasRead) {
  writes_.expect(Method::put, kPath, 200, stored_client());
  ASSERT_TRUE(backend_->adopt(a_machine_client(), a_mark(), "5", {}).has_value());
  const http::Request request = only_write();
  EXPECT_EQ(http::find_header(request.headers, "If-Match"), "\"5\"");
  EXPECT_EQ(http::find_header(request.headers, "Apiclient-Owner-Uid"), "");
  EXPECT_TRUE((*json::parse(request.body)).contains("mark"));
  EXPECT_THAT(backend_->adopt(a_machine_client(), a_mark(), "", {}), has_error(ErrorKind::internal));
}

TEST_F(EmbeddedBackendTest, AddCredentialSendsOperationOwnerAndValue) {
  writes_.expect(Method::post, kPath + "/secrets", 201,
                 R"({"id":"s2","hint":"MDE","revision":2,"operation_id":"op-1",)"
                 R"("created_at":"2026-01-02T03:04:05Z"})");
  const auto credential = backend_->add_credential(kClientId, "uid-1", credential_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->id, "s2");
  EXPECT_EQ(credential->revision, 2);
  const http::Request request = only_write();
  EXPECT_EQ(http::find_header(request.headers, "Idempotency-Key"), "op-1");
  EXPECT_EQ(http::find_header(request.headers, "Apiclient-Owner-Uid"), "uid-1");
  EXPECT_EQ((*json::parse(request.body))["value"], kValue);
}

TEST_F(EmbeddedBackendTest, ReplaceCredentialPutsTheOnlyOne) {
  writes_.expect(Method::put, kPath + "/secrets", 201,
                 R"({"id":"s2","hint":"MDE","revision":2,"operation_id":"op-1",)"
                 R"("created_at":"2026-01-02T03:04:05Z"})");
  const auto credential = backend_->replace_credential(kClientId, "uid-1", credential_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->id, "s2");
  const http::Request request = only_write();
  EXPECT_EQ(http::find_header(request.headers, "Idempotency-Key"), "op-1");
  EXPECT_EQ(http::find_header(request.headers, "Apiclient-Owner-Uid"), "uid-1");
}

TEST_F(EmbeddedBackendTest, AddCredentialWithoutFreeSlotSaysSo) {
  writes_.expect(Method::post, kPath + "/secrets", 409, problem("too_many_secrets"));
  const auto credential = backend_->add_credential(kClientId, "uid-1", credential_, {});
  ASSERT_FALSE(credential.has_value());
  EXPECT_EQ(credential.error().kind, ErrorKind::conflict);
  EXPECT_EQ(credential.error().code, "too_many_secrets");
}

TEST_F(EmbeddedBackendTest, RetireAndRemoveCallDelete) {
  writes_.expect(Method::del, kPath + "/secrets/s%2F1", 204);
  writes_.expect(Method::del, kPath + "?uid=uid%261", 204);
  EXPECT_THAT(backend_->retire_credential(kClientId, "s/1", {}), is_ok());
  EXPECT_THAT(backend_->remove(kClientId, "uid&1", {}), is_ok());
  for (const http::Request& request : writes_.requests()) EXPECT_EQ(request.timeout, seconds(4));
}

TEST_F(EmbeddedBackendTest, RetireAndRemoveOfWhatIsAbsentSucceed) {
  writes_.expect(Method::del, kPath + "/secrets/s1", 404, problem("not_found"));
  writes_.expect(Method::del, kPath + "?uid=uid-1", 404, problem("not_found"));
  EXPECT_TRUE(backend_->retire_credential(kClientId, "s1", {}).has_value());
  EXPECT_TRUE(backend_->remove(kClientId, "uid-1", {}).has_value());
}

TEST_F(EmbeddedBackendTest, RemoveAtAWrongUrlIsNotDone) {
  writes_.expect(Method::del, kPath + "?uid=uid-1", 404, "<html>");
  const auto removed = backend_->remove(kClientId, "uid-1", {});
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::protocol);
}

TEST_F(EmbeddedBackendTest, RemoveOfSomebodyElsesClientIsAConflict) {
  writes_.expect(Method::del, kPath + "?uid=uid-1", 412, problem("precondition_failed"));
  const auto removed = backend_->remove(kClientId, "uid-1", {});
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::conflict);
}

TEST_F(EmbeddedBackendTest, NothingIsWrittenWithoutAnOwnersUid) {
  EXPECT_THAT(backend_->remove(kClientId, "", {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->update(a_machine_client(), a_mark(), "", {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->add_credential(kClientId, "", credential_, {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->replace_credential(kClientId, "", credential_, {}), has_error(ErrorKind::internal));
}

TEST_F(EmbeddedBackendTest, ProbeNeedsIssuerAndAdminAccess) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/t"})");
  reads_.expect(Method::get, kFirstPage, 200, R"({"items":[],"continue":"","server_version":"1.2.3"})");
  const auto info = backend_->probe({});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->server_version, "1.2.3");
  EXPECT_EQ(info->endpoints.token, "http://id.example/t");
  EXPECT_EQ(info->capabilities, (Capabilities{.max_secrets = 3,
                                              .secrets_have_ids = true,
                                              .searchable_mark = true,
                                              .idempotency_key = true,
                                              .can_disable = true,
                                              .tells_last_use = true}));
}

TEST_F(EmbeddedBackendTest, ProbeLearnsHowManySecretsAClientMayHave) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/t"})");
  reads_.expect(Method::get, kFirstPage, 200, R"({"items":[],"continue":"","max_secrets":1})");
  const auto info = backend_->probe({});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->capabilities.max_secrets, 1);
}

TEST_F(EmbeddedBackendTest, ProbeOfAnotherIssuerNeverAsksTheAdminSide) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://evil.example","token_endpoint":"http://id.example/t"})");
  const auto info = backend_->probe({});
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, "issuer_mismatch");
}

TEST_F(EmbeddedBackendTest, ProbeWithAWrongTokenIsUnauthorized) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/t"})");
  reads_.expect(Method::get, kFirstPage, 401, problem("unauthorized"));
  const auto info = backend_->probe({});
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().kind, ErrorKind::unauthorized);
}

TEST_F(EmbeddedBackendTest, ProbeOfSomethingThatSaysYesToAllIsRefused) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/t"})");
  reads_.expect(Method::get, kFirstPage, 200, "{}");
  const auto info = backend_->probe({});
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().kind, ErrorKind::protocol);
}

TEST_F(EmbeddedBackendTest, ProbeOfAnAdminUrlWithoutClientsIsAWrongUrl) {
  issuer_.expect(Method::get, kMetadataPath, 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/t"})");
  reads_.expect(Method::get, kFirstPage, 404, problem("not_found"));
  EXPECT_THAT(backend_->probe({}), has_error(ErrorKind::protocol));
}

TEST_F(EmbeddedBackendTest, CallsAreCounted) {
  reads_.expect(Method::get, kPath, 404, problem("not_found"));
  writes_.expect(Method::del, kPath + "?uid=uid-1", 503);
  EXPECT_TRUE(backend_->find(kClientId, {}).has_value());
  EXPECT_FALSE(backend_->remove(kClientId, "uid-1", {}).has_value());
  const std::string text = metrics_.text();
  EXPECT_NE(text.find(R"(operation="find",registry="default",result="success")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(operation="remove",registry="default",result="unavailable")"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace apiclient::backend
