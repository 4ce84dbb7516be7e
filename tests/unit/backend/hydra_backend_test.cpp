#include "backend/hydra_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "backend/hydra_codec.h"
#include "json/json.h"
#include "support/fake_clock.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"
#include "unit/backend/sample_clients.h"

namespace apiclient::backend {
namespace {

using http::Method;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::a_machine_client;
using test::a_mark;
using test::has_error;
using test::is_ok;
using test::kValue;
using test::ScriptedTransport;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kClientId = "acme_team-a_invoices";
const std::string kClients = "/admin/clients";
const std::string kPath = "/admin/clients/acme_team-a_invoices";
const std::string kNotFound = R"({"error":"Unable to locate the resource","error_description":""})";
const std::string kNobodysRotation = "/admin/clients/apiclient.dev%20nobody/secrets/rotate";
const WallTime kNow{seconds(1767323045)};  // FakeClock begins there

class HydraBackendTest : public testing::Test {
 protected:
  std::string stored(const std::function<void(Json&)>& change = {}) {
    Json document = *json::parse(*hydra::write_new_client(a_machine_client(), a_mark(), &first_, kNow));
    document.erase("client_secret");
    document["metadata"]["team"] = "billing";
    if (change) change(document);
    return json::dump(document);
  }

  /// What Hydra answers to a write: what it was sent, the secret included.
  ScriptedTransport& echo(Method method, const std::string& path) {
    return writes_.expect(method, path, [](const http::Request& request) -> Result<http::Response> {
      return http::Response{.status_code = 200, .body = request.body};
    });
  }

  Json body_of_write() {
    const auto requests = writes_.requests();
    for (const http::Request& request : requests) {
      if (request.method != Method::get) return *json::parse(request.body);
    }
    return {};
  }

  ScriptedTransport reads_;
  ScriptedTransport writes_;
  ScriptedTransport issuer_;
  telemetry::Metrics metrics_;
  test::FakeClock clock_;
  Discovery discovery_{issuer_, "http://id.example", ""};
  const Secret value_{kValue};
  const NewCredential first_{.operation_id = "op-1", .revision = 1, .value = &value_};
  const NewCredential second_{.operation_id = "op-2", .revision = 2, .value = &value_};
  std::unique_ptr<Backend> backend_ = make_hydra_backend(
      "default",
      {.reads = reads_, .writes = writes_, .discovery = discovery_, .clock = clock_, .metrics = metrics_});
};

TEST_F(HydraBackendTest, FindReadsClientMarkAndDescribedSecret) {
  reads_.expect(Method::get, kPath, 200, stored());
  const auto client = backend_->find(kClientId, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  ASSERT_TRUE(client->has_value());
  EXPECT_TRUE((*client)->settings == a_machine_client());
  EXPECT_TRUE((*client)->mark == a_mark());
  ASSERT_EQ((*client)->credentials.size(), 1U);
  EXPECT_EQ((*client)->credentials.front().operation_id, "op-1");
  EXPECT_EQ(reads_.requests().at(0).timeout, seconds(10));
}

TEST_F(HydraBackendTest, ClientIdIsEncodedInThePath) {
  reads_.expect(Method::get, "/admin/clients/a%2F..%2Fb%20c", 404, kNotFound);
  EXPECT_THAT(backend_->find("a/../b c", {}), is_ok());
}

TEST_F(HydraBackendTest, AbsentOnlyAfterHydrasOwnNotFound) {
  reads_.expect(Method::get, kPath, 404, kNotFound);
  const auto absent = backend_->find(kClientId, {});
  ASSERT_TRUE(absent.has_value());
  EXPECT_FALSE(absent->has_value());
  for (const char* body :
       {"<html>nginx</html>", "404 page not found", "", "{}", R"({"message":"no Route matched"})",
        R"({"error":"not found"})", R"({"error":{"code":404,"status":"Not Found"}})"}) {
    reads_.expect(Method::get, kPath, 404, body);
    EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::protocol)) << body;
  }
}

TEST_F(HydraBackendTest, AnswerAboutAnotherClientIsNoAnswer) {
  reads_.expect(Method::get, kPath, 200, stored([](Json& client) { client["client_id"] = "other"; }));
  EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::protocol));
}

TEST_F(HydraBackendTest, ErrorsBeginWithTheOperationAndCarryTheWord) {
  writes_.expect(
      Method::post, kClients, 400,
      R"({"error":"invalid_redirect_uri","error_description":"Redirect URIs must not contain a #"})");
  const auto client = backend_->create(a_machine_client(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_EQ(client.error().code, "invalid_redirect_uri");
  EXPECT_EQ(client.error().message, "create client acme_team-a_invoices: Redirect URIs must not contain a #");
}

TEST_F(HydraBackendTest, CreateSendsIdSecretAndMarkInOneRequest) {
  echo(Method::post, kClients);
  const auto client = backend_->create(a_machine_client(), a_mark(), &first_, {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->mark == a_mark());
  const Json body = body_of_write();
  EXPECT_EQ(body["client_id"], kClientId);
  EXPECT_EQ(body["client_secret"], kValue);
  EXPECT_EQ(body["metadata"]["apiclient.dev"]["credential"]["operation_id"], "op-1");
  EXPECT_LE(writes_.requests().at(0).timeout, seconds(4));
}

TEST_F(HydraBackendTest, CreateNeverOverwrites) {
  writes_.expect(Method::post, kClients, 409,
                 R"({"error":"Unable to insert or update resource because a resource with that value exists )"
                 R"(already","error_description":""})");
  EXPECT_THAT(backend_->create(a_machine_client(), a_mark(), &first_, {}),
              has_error(ErrorKind::already_exists));
}

TEST_F(HydraBackendTest, CreateThatAnswersHtmlHasAnUnknownOutcome) {
  writes_.expect(Method::post, kClients, 200, "<html>welcome</html>");
  const auto client = backend_->create(a_machine_client(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::protocol));
  EXPECT_TRUE(outcome_unknown(client.error()));
}

TEST_F(HydraBackendTest, SecretThatTheRegistryRepeatsStaysOutOfTheError) {
  writes_.expect(Method::post, kClients, 400,
                 R"({"error":"invalid_client_metadata","error_description":"bad )" + kValue + "\"}");
  const auto client = backend_->create(a_machine_client(), a_mark(), &first_, {});
  ASSERT_THAT(client, has_error(ErrorKind::invalid));
  EXPECT_THAT(client.error().message, Not(HasSubstr(kValue)));
}

TEST_F(HydraBackendTest, TwoTransactionsAtATimeAreAConflict) {
  const std::string raced =
      R"({"error":"Unable to serialize access due to a concurrent update in another session",)"
      R"("error_description":""})";
  writes_.expect(Method::post, kClients, 400, raced);
  EXPECT_THAT(backend_->create(a_machine_client(), a_mark(), &first_, {}), has_error(ErrorKind::conflict));
  writes_.expect(Method::get, kPath, 200, stored());
  writes_.expect(Method::del, kPath, 400, raced);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::conflict));
  reads_.expect(Method::get, kPath, 400, raced);
  EXPECT_THAT(backend_->find(kClientId, {}), has_error(ErrorKind::conflict));
  reads_.expect(Method::get, kClients + "?page_size=250", 400, raced);
  EXPECT_THAT(backend_->list_owned("apiclient-1", {}), has_error(ErrorKind::conflict));
}

TEST_F(HydraBackendTest, UpdateWritesBackWhatWasReadWithoutASecret) {
  ClientSettings wish = a_machine_client();
  wish.client_name = "Another name";
  writes_.expect(Method::get, kPath, 200, stored());
  echo(Method::put, kPath);
  const auto client = backend_->update(wish, a_mark(), "uid-1", {});
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_TRUE(client->settings == wish);
  EXPECT_EQ(client->credentials.size(), 1U);
  const Json body = body_of_write();
  EXPECT_EQ(body["metadata"]["team"], "billing");
  EXPECT_FALSE(body.contains("client_secret"));
  milliseconds total{0};
  for (const http::Request& request : writes_.requests()) total += request.timeout;
  EXPECT_LE(total, seconds(4));
}

TEST_F(HydraBackendTest, UpdateOfWhatIsRightWritesNothing) {
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->update(a_machine_client(), a_mark(), "uid-1", {}), is_ok());
}

TEST_F(HydraBackendTest, UpdateOfAClientThatIsGoneMakesNone) {
  writes_.expect(Method::get, kPath, 404, kNotFound);
  EXPECT_THAT(backend_->update(a_machine_client(), a_mark(), "uid-1", {}), has_error(ErrorKind::not_found));
}

/// Every write looks at the mark first.
TEST_F(HydraBackendTest, WhatBelongsToSomebodyElseIsNotWritten) {
  const auto another = [](Json& client) { client["metadata"]["apiclient.dev"]["uid"] = "uid-9"; };
  const auto nobody = [](Json& client) { client["metadata"].erase("apiclient.dev"); };
  const auto odd = [](Json& client) { client["metadata"]["apiclient.dev"] = {{"uid", 7}}; };
  for (const std::function<void(Json&)>& change :
       std::vector<std::function<void(Json&)>>{another, nobody, odd}) {
    for (int call = 0; call < 3; ++call) writes_.expect(Method::get, kPath, 200, stored(change));
    EXPECT_THAT(backend_->update(a_machine_client(), a_mark(), "uid-1", {}), has_error(ErrorKind::conflict));
    EXPECT_THAT(backend_->replace_credential(kClientId, "uid-1", second_, {}),
                has_error(ErrorKind::conflict));
    EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::conflict));
  }
}

TEST_F(HydraBackendTest, NothingIsWrittenWithoutAnOwnersUid) {
  const auto odd = [](Json& client) { client["metadata"]["apiclient.dev"] = Json::object(); };
  for (int call = 0; call < 3; ++call) writes_.expect(Method::get, kPath, 200, stored(odd));
  EXPECT_THAT(backend_->update(a_machine_client(), a_mark(), "", {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->replace_credential(kClientId, "", second_, {}), has_error(ErrorKind::internal));
  EXPECT_THAT(backend_->remove(kClientId, "", {}), has_error(ErrorKind::internal));
}

TEST_F(HydraBackendTest, UpdateByAnOlderRevisionIsAConflict) {
  writes_.expect(Method::get, kPath, 200,
                 stored([](Json& client) { client["metadata"]["apiclient.dev"]["revision"] = 5; }));
  const auto client = backend_->update(a_machine_client(), a_mark(), "uid-1", {});
  ASSERT_THAT(client, has_error(ErrorKind::conflict));
  EXPECT_EQ(client.error().code, "revision_conflict");
}

TEST_F(HydraBackendTest, ReplaceSendsSecretAndDescriptionInOneRequest) {
  writes_.expect(Method::get, kPath, 200, stored());
  echo(Method::put, kPath);
  const auto credential = backend_->replace_credential(kClientId, "uid-1", second_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->id, "op-2");
  EXPECT_EQ(credential->revision, 2);
  EXPECT_EQ(credential->created_at, kNow);
  const Json body = body_of_write();
  EXPECT_EQ(body["client_secret"], kValue);
  EXPECT_EQ(body["metadata"]["team"], "billing");
  EXPECT_EQ(body["metadata"]["apiclient.dev"]["credential"]["operation_id"], "op-2");
}

TEST_F(HydraBackendTest, ReplaceByTheSameOperationGivesWhatIsStored) {
  writes_.expect(Method::get, kPath, 200, stored());
  clock_.set_wall_now(kNow + seconds(100));
  const auto credential = backend_->replace_credential(kClientId, "uid-1", first_, {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message;
  EXPECT_EQ(credential->revision, 1);
  EXPECT_EQ(credential->created_at, kNow);
}

TEST_F(HydraBackendTest, ReplaceByAnotherOperationOfNoNewerRevisionIsAConflict) {
  writes_.expect(Method::get, kPath, 200, stored());
  const NewCredential late{.operation_id = "op-0", .revision = 1, .value = &value_};
  const auto credential = backend_->replace_credential(kClientId, "uid-1", late, {});
  ASSERT_THAT(credential, has_error(ErrorKind::conflict));
  EXPECT_EQ(credential.error().code, "revision_conflict");
}

TEST_F(HydraBackendTest, AdoptIsBoundToTheStateThatWasRead) {
  const auto unmarked = [](Json& client) { client["metadata"] = {{"team", "billing"}}; };
  reads_.expect(Method::get, kPath, 200, stored(unmarked));
  const auto found = backend_->find(kClientId, {});
  ASSERT_TRUE(found.has_value() && found->has_value());
  const std::string etag = (*found)->etag;

  writes_.expect(Method::get, kPath, 200, stored([&](Json& client) {
                   unmarked(client);
                   client["owner"] = "somebody was here";
                 }));
  EXPECT_THAT(backend_->adopt(a_machine_client(), a_mark(), etag, {}), has_error(ErrorKind::conflict));
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->adopt(a_machine_client(), a_mark(), etag, {}), has_error(ErrorKind::conflict));

  writes_.expect(Method::get, kPath, 200, stored(unmarked));
  echo(Method::put, kPath);
  const auto adopted = backend_->adopt(a_machine_client(), a_mark(), etag, {});
  ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
  EXPECT_TRUE(adopted->mark == a_mark());
  EXPECT_EQ(body_of_write()["metadata"]["team"], "billing");
}

TEST_F(HydraBackendTest, RemoveLooksAtTheMarkAndDeletes) {
  writes_.expect(Method::get, kPath, 200, stored());
  writes_.expect(Method::del, kPath, 204);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok());
}

TEST_F(HydraBackendTest, RemoveOfWhatIsAbsentSucceeds) {
  writes_.expect(Method::get, kPath, 404, kNotFound);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok());
  writes_.expect(Method::get, kPath, 200, stored());
  writes_.expect(Method::del, kPath, 404, kNotFound);
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), is_ok()) << "gone in between";
}

TEST_F(HydraBackendTest, RemoveAtAWrongUrlIsNotDone) {
  writes_.expect(Method::get, kPath, 404, "404 page not found");
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::protocol));
  writes_.expect(Method::get, kPath, 200, stored());
  writes_.expect(Method::del, kPath, 404, "<html>");
  EXPECT_THAT(backend_->remove(kClientId, "uid-1", {}), has_error(ErrorKind::protocol));
}

TEST_F(HydraBackendTest, AClientIsNeitherDisabledNorLeftWithoutSecret) {
  const auto disabled = backend_->set_disabled(kClientId, "uid-1", true, {});
  ASSERT_THAT(disabled, has_error(ErrorKind::invalid));
  EXPECT_EQ(disabled.error().code, "cannot_disable");
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-1", {}), has_error(ErrorKind::invalid));
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-0", {}), is_ok()) << "it is gone";
}

// Rotation by the server

TEST_F(HydraBackendTest, ARotationIsDescribedBeforeItIsDone) {
  writes_.expect(Method::get, kPath, 200, stored());
  echo(Method::put, kPath);
  writes_.expect(Method::post, kPath + "/secrets/rotate", 200,
                 R"({"client_id":"acme_team-a_invoices","client_secret":"made-by-hydra"})");
  const auto made = backend_->rotate_credential(
      kClientId, "uid-1", {.operation_id = "op-2", .revision = 2, .value = nullptr}, {});
  ASSERT_THAT(made, is_ok());
  EXPECT_EQ(made->value.reveal(), "made-by-hydra");
  ASSERT_EQ(made->client.credentials.size(), 2U);
  EXPECT_EQ(made->client.credentials.front().id, "op-1");
  EXPECT_EQ(made->client.credentials.back().id, "op-2");
  EXPECT_EQ(made->client.mark->revision, 2);
  const Json described = body_of_write();
  EXPECT_FALSE(described.contains("client_secret")) << "it would end the older ones";
  EXPECT_EQ(described["metadata"]["apiclient.dev"]["older"].size(), 1U);
}

TEST_F(HydraBackendTest, ARotationBehindANewerOneIsAConflict) {
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->rotate_credential(kClientId, "uid-1", {.operation_id = "op-0", .revision = 1}, {}),
              has_error(ErrorKind::conflict));
  writes_.expect(Method::get, kPath, 200, stored());
  EXPECT_THAT(backend_->rotate_credential(kClientId, "uid-2", {.operation_id = "op-2", .revision = 2}, {}),
              has_error(ErrorKind::conflict));
}

TEST_F(HydraBackendTest, AllOlderSecretsEndTogetherAndTheNewestNever) {
  const auto with_two = stored([](Json& client) {
    Json& mark = client["metadata"]["apiclient.dev"];
    mark["older"] = Json::array({mark["credential"]});
    mark["credential"] = {{"operation_id", "op-2"}, {"revision", 2}};
  });
  writes_.expect(Method::get, kPath, 200, with_two);
  writes_.expect(Method::del, kPath + "/secrets/rotate", 204);
  echo(Method::put, kPath);
  ASSERT_THAT(backend_->retire_credential(kClientId, "op-1", {}), is_ok());
  EXPECT_FALSE(
      json::parse(writes_.requests().back().body)->at("metadata")["apiclient.dev"].contains("older"));
  writes_.expect(Method::get, kPath, 200, with_two);
  EXPECT_THAT(backend_->retire_credential(kClientId, "op-2", {}), has_error(ErrorKind::invalid));
}

TEST_F(HydraBackendTest, AProbeSeesThatTheServerKeepsRotatedSecrets) {
  issuer_.expect(Method::get, "/.well-known/oauth-authorization-server", 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/oauth2/token"})");
  reads_.expect(Method::get, kClients + "?page_size=1", 200, "[]");
  reads_.expect(Method::get, "/version", 200, R"({"version":"v26.3.0"})");
  reads_.expect(Method::del, kNobodysRotation, 404, kNotFound);
  const auto info = backend_->probe({});
  ASSERT_THAT(info, is_ok());
  EXPECT_TRUE(info->capabilities.chooses_rotated_secret);
  EXPECT_EQ(info->capabilities.max_secrets, 6);
}

// Lists

std::string page(int first, int count, const std::string& installation = "us") {
  Json clients = Json::array();
  for (int at = first; at < first + count; ++at) {
    clients.push_back({{"client_id", "c" + std::to_string(at)},
                       {"metadata",
                        {{"apiclient.dev",
                          {{"installation_id", installation},
                           {"namespace", "n"},
                           {"name", "a"},
                           {"uid", "u"},
                           {"revision", 1}}}}}});
  }
  return json::dump(clients);
}

http::Response linked(std::string body, const std::string& token) {
  const std::string link = "</admin/clients?page_size=250&page_token=" + token + R"(>; rel="next")";
  return {.status_code = 200, .headers = {{"Link", link}}, .body = std::move(body)};
}

const std::string kFirst = kClients + "?page_size=250";

TEST_F(HydraBackendTest, ListFollowsAllPagesAndKeepsWhatBearsOurMark) {
  reads_.expect(Method::get, kFirst, linked(page(0, 250), "t%2F1"));
  reads_.expect(Method::get, kFirst + "&page_token=t%2F1", linked(page(250, 250, "them"), "2"));
  reads_.expect(Method::get, kFirst + "&page_token=2", 200, page(500, 7));
  const auto listed = backend_->list_owned("us", {});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_EQ(listed->size(), 257U);
  EXPECT_EQ(listed->back(), "c506");
}

TEST_F(HydraBackendTest, AnEmptyPageIsTheLast) {
  reads_.expect(Method::get, kFirst, linked("[]", "1"));
  const auto listed = backend_->list_owned("us", {});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_TRUE(listed->empty());
}

TEST_F(HydraBackendTest, PagesThatLeadInACircleEndTheList) {
  reads_.expect(Method::get, kFirst, linked(page(0, 1), "1"));
  reads_.expect(Method::get, kFirst + "&page_token=1", linked(page(1, 1), "2"));
  reads_.expect(Method::get, kFirst + "&page_token=2", linked(page(0, 1), "1"));
  EXPECT_THAT(backend_->list_owned("us", {}), has_error(ErrorKind::protocol));
}

TEST_F(HydraBackendTest, AListThatIsNoneIsNotAnEmptyOne) {
  struct Row {
    int status_code;
    std::string body;
    ErrorKind kind;
  };
  for (const Row& row : {Row{404, kNotFound, ErrorKind::protocol}, Row{200, "{}", ErrorKind::protocol},
                         Row{200, "<html>", ErrorKind::protocol}, Row{401, "", ErrorKind::unauthorized},
                         Row{403, "", ErrorKind::forbidden}, Row{503, "", ErrorKind::unavailable}}) {
    reads_.expect(Method::get, kFirst, row.status_code, row.body);
    EXPECT_THAT(backend_->list_owned("us", {}), has_error(row.kind)) << row.status_code << row.body;
  }
}

// Probe

TEST_F(HydraBackendTest, ProbeNeedsIssuerAndAdminAccess) {
  issuer_.expect(Method::get, "/.well-known/oauth-authorization-server", 404);
  issuer_.expect(Method::get, "/.well-known/openid-configuration", 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/oauth2/token"})");
  reads_.expect(Method::get, kClients + "?page_size=1", 200, "[]");
  reads_.expect(Method::get, "/version", 200, R"({"version":"v2.3.0"})");
  reads_.expect(Method::del, kNobodysRotation, 404, "<html>Route not found</html>");
  const auto info = backend_->probe({});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->server_version, "v2.3.0");
  EXPECT_EQ(info->endpoints.token, "http://id.example/oauth2/token");
  EXPECT_EQ(info->capabilities,
            (Capabilities{.max_secrets = 1, .secrets_have_ids = true, .searchable_mark = true}));
}

TEST_F(HydraBackendTest, ProbeDoesNotNeedTheVersion) {
  issuer_.expect(Method::get, "/.well-known/oauth-authorization-server", 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/oauth2/token"})");
  reads_.expect(Method::get, kClients + "?page_size=1", 200, "[]");
  reads_.expect(Method::get, "/version", 404, "nothing");
  reads_.expect(Method::del, kNobodysRotation, 403, "<html>");
  const auto info = backend_->probe({});
  ASSERT_TRUE(info.has_value()) << info.error().message;
  EXPECT_EQ(info->server_version, "");
}

TEST_F(HydraBackendTest, ProbeAtThePublicPortFails) {
  issuer_.expect(Method::get, "/.well-known/oauth-authorization-server", 200,
                 R"({"issuer":"http://id.example","token_endpoint":"http://id.example/oauth2/token"})");
  reads_.expect(Method::get, kClients + "?page_size=1", 404, "404 page not found");
  EXPECT_THAT(backend_->probe({}), has_error(ErrorKind::protocol));
}

}  // namespace
}  // namespace apiclient::backend
