// Who the server takes us for: client certificates, tokens of Pods, none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "controlplane/kube/cluster.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using kube::kSecrets;
using testing::HasSubstr;

class IdentityTest : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    std::string pattern = testing::TempDir() + "/apiclient-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    ClusterTest::TearDown();
  }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string read_token() const {
    std::string text;
    std::getline(std::ifstream(directory_ / "token"), text);
    return text;
  }
  void write_token(const std::string& text) const { std::ofstream(directory_ / "token") << text; }

  SystemClock clock;

 private:
  std::filesystem::path directory_;
};

TEST_F(IdentityTest, PodWithoutRightsIsKnownAndRefused) {
  const auto pod = in_pod(directory());
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(
      pod->client().find(kSecrets, key("one"), {}),
      has_error_text(ErrorKind::forbidden, HasSubstr("system:serviceaccount:" + namespace_name() + ":pod")));
  EXPECT_THAT(pod->client().create(kSecrets, secret("one"), kManager, {}), has_error(ErrorKind::forbidden));
}

TEST_F(IdentityTest, RejectedTokenIsReadAnew) {
  const auto pod = in_pod(directory());
  ASSERT_NE(pod, nullptr);
  const std::string good = read_token();
  write_token("not-a-token");
  kube::ClusterConfig config = admin_config();
  config.tls.certificate_pem.clear();
  config.tls.key_pem.reset();
  config.token = kube::make_file_token((directory() / "token").string(), clock);
  Identity bearer(std::move(config));
  EXPECT_THAT(bearer.client().find(kSecrets, key("one"), {}), has_error(ErrorKind::unauthorized));
  write_token(good);
  EXPECT_THAT(bearer.client().find(kSecrets, key("one"), {}), has_error(ErrorKind::forbidden));
  EXPECT_THAT(bearer.metrics().text(), HasSubstr(R"(code="401",method="GET")"));
}

TEST_F(IdentityTest, ServerThatWeDoNotTrustIsNotTalkedTo) {
  kube::ClusterConfig config = admin_config();
  config.tls.ca_pem.clear();  // the system's roots do not know the test's authority
  Identity stranger(std::move(config));
  EXPECT_THAT(stranger.client().find(kSecrets, key("one"), {}), has_error(ErrorKind::unavailable));
}

}  // namespace
}  // namespace apiclient::test
