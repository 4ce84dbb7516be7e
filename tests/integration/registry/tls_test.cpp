// The registry with https on its listeners.

#include <gtest/gtest.h>

#include "http/cpprest_transport.h"
#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"
#include "support/test_certificates.h"

namespace apiclient::registry::test {
namespace {

struct Files {
  TemporaryFolder folder;
  apiclient::test::TestCertificate ca = apiclient::test::make_test_ca("registry test");
  Files() {
    const auto server = apiclient::test::issue_test_certificate(ca, "registry", {"DNS:localhost"});
    TemporaryFolder::write(folder.file("cert"), server.certificate_pem);
    TemporaryFolder::write(folder.file("key"), server.key_pem);
  }
  [[nodiscard]] std::vector<std::string> flags(const std::string& listener) const {
    return {"--" + listener + "-tls-cert-file", folder.file("cert"), "--" + listener + "-tls-key-file",
            folder.file("key")};
  }
};

Result<http::Response> get_over_tls(int port, const std::string& path, const std::string& ca_pem,
                                    http::Headers headers = {}) {
  const auto transport =
      http::make_cpprest_transport(
          {.base_uri = "https://localhost:" + std::to_string(port), .tls = {.ca_pem = ca_pem}})
          .value();
  return transport->send({.path = path, .headers = std::move(headers)}, {});
}

int status_of(const Result<http::Response>& response) { return response ? response->status_code : 0; }

TEST(RegistryTls, ListenersServeHttpsEachForItself) {
  const Files files;
  auto flags = files.flags("public");
  const auto admin = files.flags("admin");
  flags.insert(flags.end(), admin.begin(), admin.end());
  RegistryProcess registry(flags);
  const auto other_ca = apiclient::test::make_test_ca("another").certificate_pem;
  const auto ca = files.ca.certificate_pem;
  EXPECT_EQ(status_of(get_over_tls(registry.public_port(), "/.well-known/jwks.json", ca)), 200);
  EXPECT_EQ(status_of(get_over_tls(registry.admin_port(), kClientsPath, ca)), 401);
  EXPECT_EQ(status_of(get_over_tls(registry.admin_port(), kClientsPath, ca,
                                   {{"Authorization", "Bearer " + registry.admin_token()}})),
            200);
  EXPECT_EQ(status_of(get_over_tls(registry.public_port(), "/.well-known/jwks.json", other_ca)), 0);
  EXPECT_NE(registry.get("/.well-known/jwks.json").status_code, 200) << "no plain http beside it";
  EXPECT_EQ(registry.probe("/healthz").status_code, 200) << "this listener was not asked to serve https";
}

TEST(RegistryTls, UnusableFilesEndTheStart) {
  const Files files;
  const TemporaryFolder folder;
  const auto ended =
      run_registry_program({"--data-dir", folder.file("data"), "--create-missing-keys", "--issuer",
                            "http://127.0.0.1:1", "--public-address", "127.0.0.1:0", "--admin-address",
                            "127.0.0.1:0", "--metrics-address", "127.0.0.1:0", "--metrics-tls-cert-file",
                            files.folder.file("cert"), "--metrics-tls-key-file", folder.file("none")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.errors.find("TLS certificate and key"), std::string::npos) << ended.errors;
}

}  // namespace
}  // namespace apiclient::registry::test
