// No secret leaves the registry but in the answer that it belongs to: not into its log at trace level, its
// files or its command line.

#include <gtest/gtest.h>

#include "base/random.h"
#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"

namespace apiclient::registry::test {
namespace {

using http::Method;

struct Secrets {
  std::vector<std::string> all;

  std::string add(std::string value) {
    all.push_back(value);
    return value;
  }
};

/// Successes, refusals and garbage that carry secrets.
void use_everything(const RegistryProcess& registry, Secrets& secrets) {
  const auto given = secrets.add(std::string(random_secret().reveal()));
  const auto wrong = secrets.add(std::string(random_secret().reveal()));
  const auto path = kClientsPath + "/a/secrets";
  registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", given).dump());
  registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", wrong).dump());
  registry.admin(Method::post, kClientsPath, machine_with_secret("a", "op-1", given).dump() + wrong);
  registry.admin(Method::post, path, added_secret("op-9", wrong + "!", 2).dump());
  registry.admin(Method::get, kClientsPath, "", {{"Authorization", "Bearer " + wrong}});
  const auto generated = registry.admin(Method::post, path, R"({"operation_id":"op-2","revision":2})");
  const auto made = secrets.add(Json::parse(generated.body).at("value").get<std::string>());

  for (const auto& value : {given, made, wrong}) {
    secrets.add(base64_encode("a:" + value));
    const auto answer = registry.token(kClientCredentials, basic_of("a", value));
    if (answer.status_code == 200)
      secrets.add(Json::parse(answer.body).at("access_token").get<std::string>());
    registry.token(kClientCredentials + "&client_id=a&client_secret=" + value);
    registry.token(kClientCredentials, "Bearer " + value);
  }
  registry.get("/.well-known/jwks.json");
  registry.probe("/metrics");
  secrets.add(registry.admin_token());
}

void expect_no_secret_in(const std::string& text, const std::string& place, const Secrets& secrets) {
  ASSERT_FALSE(text.empty()) << place;
  for (std::size_t i = 0; i < secrets.all.size(); ++i) {
    EXPECT_EQ(text.find(secrets.all[i]), std::string::npos) << place << " holds secret " << i;
    EXPECT_EQ(text.find(base64_encode(secrets.all[i])), std::string::npos) << place << " holds secret " << i;
  }
}

TEST(RegistryLeaks, NoSecretInLogFilesOrCommandLine) {
  RegistryProcess registry;
  Secrets secrets;
  use_everything(registry, secrets);
  ASSERT_GE(secrets.all.size(), 9U) << "two of the three secrets must have given a token";
  EXPECT_EQ(registry.probe("/readyz").status_code, 200);
  for (const auto* file : {"data/registry.db", "data/registry.db-wal", "data/registry.db-shm"})
    expect_no_secret_in(TemporaryFolder::read(registry.file(file)), file, secrets);
  expect_no_secret_in(TemporaryFolder::read("/proc/" + std::to_string(registry.process_id()) + "/cmdline"),
                      "command line", secrets);
  registry.kill_hard();
  registry.start();
  EXPECT_EQ(registry.stop(), 0);
  expect_no_secret_in(registry.log(), "log", secrets);
  expect_no_secret_in(TemporaryFolder::read(registry.file("data/registry.db")), "database", secrets);
}

}  // namespace
}  // namespace apiclient::registry::test
