// Servers that are not the registry we were promised.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "backend/registry_connection.h"
#include "base/random.h"
#include "support/loopback_server.h"
#include "support/matchers.h"

namespace apiclient::backend {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::has_error;
using test::is_ok;
using test::LoopbackConnection;
using test::LoopbackServer;

const std::string kClientId = "acme_team-a_invoices";

ClientSettings a_client() {
  return {.client_id = kClientId,
          .client_name = "Invoice exporter",
          .grant_types = {"client_credentials"},
          .token_endpoint_auth_method = "client_secret_basic"};
}

class Customer {
 public:
  explicit Customer(const std::string& url) {
    auto made = make_registry_connection(
        {.name = "default",
         .admin_url = url,
         .issuer = url,
         .token_url = url + "/oauth2/token",
         .auth = BearerAuth{.token = std::make_shared<const Secret>("admin-token")}},
        [] { return true; }, metrics_);
    EXPECT_THAT(made, is_ok());
    if (made) connection_ = std::move(*made);
  }
  Backend& backend() { return connection_->backend(); }
  Result<RegisteredClient> create(std::stop_token stop = {}) {
    const NewCredential first{.operation_id = "op-1", .revision = 1, .value = &value_};
    return backend().create(a_client(),
                            {.installation_id = "i", .namespace_name = "n", .name = "a", .uid = "u"}, &first,
                            std::move(stop));
  }
  Verdict verify(std::stop_token stop = {}) {
    return connection_->verifier().verify(a_client(), value_, std::move(stop));
  }
  [[nodiscard]] const Secret& value() const { return value_; }

 private:
  telemetry::Metrics metrics_;
  const Secret value_ = random_secret();
  std::unique_ptr<RegistryConnection> connection_;
};

struct ServerCase {
  const char* name;
  int status_code;
  std::string body;
  std::string headers;
  ErrorKind kind;
};
void PrintTo(const ServerCase& row, std::ostream* out) { *out << row.name; }

class WrongServer : public testing::TestWithParam<ServerCase> {};

TEST_P(WrongServer, IsNeverTakenForTheRegistry) {
  LoopbackServer server([this](LoopbackConnection& connection) {
    while (connection.read_request()) {
      if (!connection.respond(GetParam().status_code, GetParam().body, GetParam().headers)) return;
    }
  });
  Customer customer(server.uri());
  EXPECT_THAT(customer.backend().find(kClientId, {}), has_error(GetParam().kind));
  EXPECT_THAT(customer.create(), has_error(GetParam().kind));
  EXPECT_FALSE(customer.backend().probe({}).has_value());
  EXPECT_EQ(customer.verify(), Verdict::unknown);
}

INSTANTIATE_TEST_SUITE_P(
    Servers, WrongServer,
    testing::Values(
        ServerCase{"Html", 200, "<!doctype html><title>It works</title>", "Content-Type: text/html\r\n",
                   ErrorKind::protocol},
        ServerCase{"HtmlNotFound", 404, "<h1>404</h1>", "Content-Type: text/html\r\n", ErrorKind::protocol},
        ServerCase{"Html500", 500, "<h1>500</h1>", "Content-Type: text/html\r\n", ErrorKind::unavailable},
        ServerCase{"Garbage", 200, std::string("\x00\xff\x13garbage{{{[", 13), "", ErrorKind::protocol},
        ServerCase{"EmptyAnswer", 200, "", "", ErrorKind::protocol},
        ServerCase{"OtherJson", 200, R"({"hello":"world"})", "Content-Type: application/json\r\n",
                   ErrorKind::protocol},
        ServerCase{"Redirect", 302, "", "Location: http://127.0.0.1:1/\r\n", ErrorKind::protocol},
        ServerCase{"SignIn", 401, "<h1>sign in</h1>", "Content-Type: text/html\r\n", ErrorKind::unauthorized},
        ServerCase{"Throttled", 429, "", "Retry-After: 3600\r\n", ErrorKind::throttled}),
    [](const auto& row) { return row.param.name; });

TEST(AbsentRegistry, IsUnavailable) {
  Customer customer("http://127.0.0.1:1");
  EXPECT_THAT(customer.backend().find(kClientId, {}), has_error(ErrorKind::unavailable));
  EXPECT_THAT(customer.create(), has_error(ErrorKind::unavailable));
  EXPECT_THAT(customer.backend().probe({}), has_error(ErrorKind::unavailable));
  EXPECT_EQ(customer.verify(), Verdict::unknown);
}

TEST(HostileRegistry, ThatRepeatsTheSecretDoesNotGetItIntoAnError) {
  LoopbackServer server([](LoopbackConnection& connection) {
    while (auto request = connection.read_request()) {
      const auto begin = request->body.find("\"value\":\"") + 9;
      const std::string value = request->body.substr(begin, request->body.find('"', begin) - begin);
      connection.respond(400, R"({"code":"invalid_request","detail":"bad value )" + value + "\"}");
    }
  });
  Customer customer(server.uri());
  const auto created = customer.create();
  ASSERT_THAT(created, has_error(ErrorKind::invalid));
  EXPECT_EQ(created.error().message.find(customer.value().reveal()), std::string::npos);
}

TEST(HostileRegistry, ThatClosesTheConnectionLeavesTheOutcomeOpenAndGetsTheWriteOnce) {
  LoopbackServer server([&server](LoopbackConnection& connection) {
    if (connection.read_request()) server.note("request");
    connection.reset();
  });
  Customer customer(server.uri());
  const auto created = customer.create();
  ASSERT_THAT(created, has_error(ErrorKind::unavailable));
  EXPECT_TRUE(outcome_unknown(created.error()));
  EXPECT_EQ(server.noted("request"), 1);
}

/// Takes requests and never answers.
void stay_silent(LoopbackConnection& connection) {
  if (connection.read_request()) connection.wait_closed_by_client();
}

template <typename Act>
milliseconds time_of(const Act& act) {
  const auto start = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

TEST(SilentRegistry, IsLeftAfterTheDeadlineOfEachKindOfCall) {
  LoopbackServer server(stay_silent);
  Customer customer(server.uri());
  std::optional<Result<std::optional<RegisteredClient>>> found;
  std::optional<Result<RegisteredClient>> created;
  std::optional<Verdict> verdict;
  milliseconds find_took{};
  milliseconds create_took{};
  milliseconds verify_took{};
  {
    const std::jthread reader(
        [&] { find_took = time_of([&] { found = customer.backend().find(kClientId, {}); }); });
    const std::jthread writer([&] { create_took = time_of([&] { created = customer.create(); }); });
    const std::jthread verifier([&] { verify_took = time_of([&] { verdict = customer.verify(); }); });
  }
  EXPECT_THAT(*found, has_error(ErrorKind::timeout));
  EXPECT_THAT(*created, has_error(ErrorKind::timeout));
  EXPECT_EQ(verdict, Verdict::unknown);
  EXPECT_GE(create_took, milliseconds(3'900));
  EXPECT_LE(create_took, milliseconds(6'000));
  EXPECT_LE(verify_took, milliseconds(6'000));
  EXPECT_GE(find_took, milliseconds(9'900));
  EXPECT_LE(find_took, milliseconds(13'000));
}

TEST(SilentRegistry, IsLeftAtOnceWhenAskedToStop) {
  LoopbackServer server([&server](LoopbackConnection& connection) {
    if (!connection.read_request()) return;
    server.note("request");
    connection.wait_closed_by_client();
  });
  Customer customer(server.uri());
  std::stop_source stop;
  std::optional<Result<RegisteredClient>> created;
  milliseconds took{};
  {
    const std::jthread writer([&] { took = time_of([&] { created = customer.create(stop.get_token()); }); });
    EXPECT_TRUE(server.wait_noted("request"));
    stop.request_stop();
  }
  EXPECT_THAT(*created, has_error(ErrorKind::cancelled));
  EXPECT_LT(took, seconds(3));
}

}  // namespace
}  // namespace apiclient::backend
