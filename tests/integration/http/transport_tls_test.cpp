#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "integration/http/transport_fixture.h"
#include "support/test_certificates.h"

namespace apiclient::test {
namespace {

using http::Method;
using ::testing::HasSubstr;

class TransportTls : public ::testing::Test {
 protected:
  static LoopbackServer::Tls identity(const std::vector<std::string>& names, const TestCertificate& ca) {
    auto issued = issue_test_certificate(ca, "server", names);
    return {.certificate_pem = issued.certificate_pem, .key_pem = issued.key_pem};
  }
  static Result<http::Response> get(const LoopbackServer& server, http::TlsOptions tls,
                                    const std::string& host = "127.0.0.1") {
    const auto transport = make_transport({.base_uri = server.uri(host), .tls = std::move(tls)});
    return transport->send({.path = "/"}, {});
  }

  const TestCertificate ca_ = make_test_ca("test root");
  const TestCertificate other_ca_ = make_test_ca("other root");
};

TEST_F(TransportTls, OwnRootIsTrustedAndConnectionsAreReused) {
  LoopbackServer server(answer_all, identity({"IP:127.0.0.1"}, ca_));
  const auto transport = make_transport({.base_uri = server.uri(), .tls = {.ca_pem = ca_.certificate_pem}});
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(transport->send({.method = Method::post, .path = "/", .body = "x"}, {}), is_ok());
  }
  EXPECT_LE(server.connections(), 3);
}

TEST_F(TransportTls, OtherRootIsRefused) {
  LoopbackServer server(answer_all, identity({"IP:127.0.0.1"}, other_ca_));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}),
              has_error_text(ErrorKind::unavailable, HasSubstr("TLS")));
}

TEST_F(TransportTls, GivenRootsReplaceTheSystemsInsteadOfAddingToThem) {
  const auto file =
      std::filesystem::temp_directory_path() / ("apiclient-roots-" + std::to_string(::getpid()));
  std::ofstream(file) << other_ca_.certificate_pem;
  ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  LoopbackServer server(answer_all, identity({"IP:127.0.0.1"}, other_ca_));
  EXPECT_THAT(get(server, {}), is_ok());  // the variable works
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}), has_error(ErrorKind::unavailable));
  ::unsetenv("SSL_CERT_FILE");
  std::filesystem::remove(file);
}

TEST_F(TransportTls, WrongHostNameIsRefused) {
  LoopbackServer server(answer_all, identity({"DNS:somewhere.example", "IP:127.0.0.2"}, ca_));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}), has_error(ErrorKind::unavailable));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}, "localhost"), has_error(ErrorKind::unavailable));
}

TEST_F(TransportTls, NameOfTheUriIsSentBySniAndChecked) {
  std::string sni;
  LoopbackServer server(
      [&](LoopbackConnection& connection) {
        sni = connection.sni();
        answer_all(connection);
      },
      identity({"DNS:localhost"}, ca_));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}, "localhost"), is_ok());
  EXPECT_EQ(sni, "localhost");
}

TEST_F(TransportTls, AddressIsNotSentBySni) {
  std::string sni = "unset";
  LoopbackServer server(
      [&](LoopbackConnection& connection) {
        sni = connection.sni();
        answer_all(connection);
      },
      identity({"IP:127.0.0.1"}, ca_));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}), is_ok());
  EXPECT_EQ(sni, "");
}

TEST_F(TransportTls, ServerNameReplacesTheUrisHostForSniAndCheck) {
  std::string sni;
  LoopbackServer server(
      [&](LoopbackConnection& connection) {
        sni = connection.sni();
        answer_all(connection);
      },
      identity({"DNS:api.example"}, ca_));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem, .server_name = "api.example"}), is_ok());
  EXPECT_EQ(sni, "api.example");
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem, .server_name = "other.example"}),
              has_error(ErrorKind::unavailable));
}

TEST_F(TransportTls, AHostHeaderFromTheCallerChangesNothing) {
  LoopbackServer server(answer_all, identity({"DNS:evil.example"}, ca_));
  const auto transport = make_transport({.base_uri = server.uri(), .tls = {.ca_pem = ca_.certificate_pem}});
  EXPECT_THAT(transport->send({.path = "/", .headers = {{"host", "evil.example"}}}, {}),
              has_error(ErrorKind::unavailable));
}

TEST_F(TransportTls, VerificationCanBeTurnedOff) {
  LoopbackServer server(answer_all, identity({"DNS:somewhere.example"}, other_ca_));
  EXPECT_THAT(get(server, {.insecure_skip_verify = true}), is_ok());
}

TEST_F(TransportTls, ClientCertificateIsPresented) {
  std::string client;
  auto tls = identity({"IP:127.0.0.1"}, ca_);
  tls.client_ca_pem = ca_.certificate_pem;
  LoopbackServer server(
      [&](LoopbackConnection& connection) {
        client = connection.client_name();
        answer_all(connection);
      },
      tls);
  const auto issued = issue_test_certificate(ca_, "operator", {});
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem}), has_error(ErrorKind::unavailable));
  EXPECT_THAT(get(server, {.ca_pem = ca_.certificate_pem,
                           .certificate_pem = issued.certificate_pem,
                           .key_pem = std::make_shared<const Secret>(issued.key_pem)}),
              is_ok());
  EXPECT_EQ(client, "operator");
}

TEST_F(TransportTls, UnusableMaterialIsRefusedWhenTheTransportIsMade) {
  const auto one = issue_test_certificate(ca_, "one", {});
  const auto two = issue_test_certificate(ca_, "two", {});
  const auto key = [](const std::string& pem) { return std::make_shared<const Secret>(pem); };
  const std::vector<std::pair<std::string, http::TlsOptions>> rows = {
      {"CaIsNotPem", {.ca_pem = "nonsense"}},
      {"SecondCaDamaged",
       {.ca_pem = ca_.certificate_pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}},
      {"CertificateWithoutKey", {.certificate_pem = one.certificate_pem}},
      {"KeyWithoutCertificate", {.key_pem = key(one.key_pem)}},
      {"KeyOfAnother", {.certificate_pem = one.certificate_pem, .key_pem = key(two.key_pem)}},
      {"KeyIsNotPem", {.certificate_pem = one.certificate_pem, .key_pem = key("nonsense")}},
      {"CertificateIsNotPem", {.certificate_pem = "nonsense", .key_pem = key(one.key_pem)}},
  };
  for (const auto& [name, tls] : rows) {
    EXPECT_THAT(http::make_cpprest_transport({.base_uri = "https://localhost", .tls = tls}),
                has_error(ErrorKind::invalid))
        << name;
  }
}

TEST_F(TransportTls, AWriteOnADyingReusedConnectionIsSentOnce) {
  LoopbackServer server(
      [&](LoopbackConnection& connection) {
        while (auto request = connection.read_request()) {
          server.note(request->target);
          if (request->target == "/write") return;
          connection.respond(200, "ok");
        }
      },
      identity({"IP:127.0.0.1"}, ca_));
  const auto transport = make_transport({.base_uri = server.uri(), .tls = {.ca_pem = ca_.certificate_pem}});
  ASSERT_THAT(transport->send({.path = "/first"}, {}), is_ok());
  EXPECT_THAT(transport->send({.method = Method::post, .path = "/write", .body = "x"}, {}),
              has_error(ErrorKind::unavailable));
  EXPECT_EQ(server.noted("/write"), 1);
  EXPECT_THAT(transport->send({.method = Method::post, .path = "/again", .body = "x"}, {}), is_ok());
}

}  // namespace
}  // namespace apiclient::test
