#include "kube/cluster_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"
#include "temporary_directory.h"

namespace apiclient::kube {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ClusterConfigTest : public testing::Test {
 protected:
  Result<ClusterConfig> load(const ClusterConfigOptions& options = {}) {
    return load_cluster_config(options, environment, clock);
  }
  ClusterConfig loaded(const ClusterConfigOptions& options = {}) {
    auto config = load(options);
    EXPECT_TRUE(config) << config.error().message;
    return config ? std::move(*config) : ClusterConfig{.server = "", .token = make_no_token()};
  }
  std::string problem(const ClusterConfigOptions& options = {}) {
    const auto config = load(options);
    EXPECT_FALSE(config);
    if (config) return "";
    EXPECT_EQ(config.error().kind, ErrorKind::invalid);
    return config.error().message;
  }
  /// A kubeconfig whose one context has this cluster and user.
  std::string config_file(const std::string& name, const std::string& cluster, const std::string& user) {
    return directory.write(name, "current-context: " + name + "\ncontexts: [{name: " + name +
                                     ", context: {cluster: " + name + ", user: " + name + ", namespace: ns-" +
                                     name + "}}]\nclusters: [{name: " + name + ", cluster: {" + cluster +
                                     "}}]\nusers: [{name: " + name + ", user: {" + user + "}}]\n");
  }
  void be_in_a_pod() {
    environment.variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
    environment.variables["KUBERNETES_SERVICE_PORT"] = "443";
    environment.service_account_dir = directory.path("pod");
    directory.write("pod/token", "pod-token\n");
    directory.write("pod/ca.crt", "POD CA");
    directory.write("pod/namespace", "apiclient-system\n");
  }
  static std::string token_of(ClusterConfig& config) {
    const auto token = config.token->token();
    return token ? std::string(token->reveal()) : "error";
  }

  test::TemporaryDirectory directory;
  test::FakeClock clock;
  ClusterEnvironment environment{.variables = {}, .service_account_dir = "/nonexistent"};
};

TEST_F(ClusterConfigTest, ReadsWhatTheContextNames) {
  directory.write("pki/ca.crt", "CA");
  directory.write("pki/me.crt", "CERTIFICATE");
  directory.write("pki/me.key", "KEY");
  const std::string path = config_file(
      "a", "server: 'https://127.0.0.1:6443/', certificate-authority: pki/ca.crt, tls-server-name: kube",
      "client-certificate: pki/me.crt, client-key: pki/me.key");
  ClusterConfig config = loaded({.kubeconfig = path});
  EXPECT_EQ(config.server, "https://127.0.0.1:6443");
  EXPECT_EQ(config.tls.ca_pem, "CA");
  EXPECT_EQ(config.tls.server_name, "kube");
  EXPECT_EQ(config.tls.certificate_pem, "CERTIFICATE");
  ASSERT_NE(config.tls.key_pem, nullptr);
  EXPECT_EQ(config.tls.key_pem->reveal(), "KEY");
  EXPECT_EQ(token_of(config), "");
  EXPECT_EQ(config.default_namespace, "ns-a");
}

TEST_F(ClusterConfigTest, TokenFileWinsOverTheToken) {
  directory.write("t", "from-file");
  ClusterConfig config =
      loaded({.kubeconfig = config_file("a", "server: 'https://h'", "token: inline, tokenFile: t")});
  EXPECT_EQ(token_of(config), "from-file");
}

TEST_F(ClusterConfigTest, FlagThenVariableThenPodThenHome) {
  directory.write("home/.kube/config", "");
  const std::string flag = config_file("flag", "server: 'https://flag'", "");
  const std::string variable = config_file("variable", "server: 'https://variable'", "");
  environment.variables["HOME"] = directory.path("home");
  std::filesystem::rename(config_file("home-config", "server: 'https://home'", ""),
                          directory.path("home/.kube/config"));
  EXPECT_EQ(loaded().server, "https://home");
  be_in_a_pod();
  EXPECT_EQ(loaded().server, "https://10.0.0.1:443");
  EXPECT_EQ(loaded({.context = "home-config"}).server, "https://home");
  environment.variables["KUBECONFIG"] = variable;
  EXPECT_EQ(loaded().server, "https://variable");
  EXPECT_EQ(loaded({.kubeconfig = flag}).server, "https://flag");
}

TEST_F(ClusterConfigTest, ListIsMergedAndMissingFilesAreLeftOut) {
  environment.variables["KUBECONFIG"] = directory.path("missing") +
                                        "::" + config_file("a", "server: 'https://a'", "token: x") + ":" +
                                        config_file("b", "server: 'https://b'", "token: y");
  EXPECT_EQ(loaded().server, "https://a");
  ClusterConfig second = loaded({.context = "b"});
  EXPECT_EQ(second.server, "https://b");
  EXPECT_EQ(token_of(second), "y");
  environment.variables["KUBECONFIG"] = directory.path("missing");
  EXPECT_THAT(problem(), HasSubstr("KUBECONFIG"));
}

TEST_F(ClusterConfigTest, InAPod) {
  be_in_a_pod();
  ClusterConfig config = loaded();
  EXPECT_EQ(config.tls.ca_pem, "POD CA");
  EXPECT_EQ(token_of(config), "pod-token");
  EXPECT_EQ(config.default_namespace, "apiclient-system");
  environment.variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_EQ(loaded().server, "https://[fd00::1]:443");
  std::filesystem::remove(directory.path("pod/ca.crt"));
  EXPECT_THAT(problem(), HasSubstr("ca.crt"));
}

TEST_F(ClusterConfigTest, InAPodWithoutATokenSaysSo) {
  be_in_a_pod();
  std::filesystem::remove(directory.path("pod/token"));
  EXPECT_THAT(problem(), HasSubstr("pod/token"));
}

struct Row {
  const char* name;
  const char* cluster;
  const char* user;
  const char* problem;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class ClusterConfigMistakeTest : public ClusterConfigTest, public testing::WithParamInterface<Row> {};

TEST_P(ClusterConfigMistakeTest, NamesFileAndField) {
  const std::string path = config_file("a", GetParam().cluster, GetParam().user);
  EXPECT_THAT(problem({.kubeconfig = path}), AllOf(HasSubstr(path), HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    Entries, ClusterConfigMistakeTest,
    testing::Values(
        Row{"NoServer", "", "", "clusters[0].cluster.server: must be"},
        Row{"ServerIsNoUri", "server: 'ftp://x'", "", "clusters[0].cluster.server: must be"},
        Row{"TokenOverPlainHttp", "server: 'http://x'", "token: t", "must be https"},
        Row{"MissingCa", "server: 'https://x', certificate-authority: no", "", "certificate-authority"},
        Row{"InsecureWithCa",
            "server: 'https://x', certificate-authority-data: QQ==, insecure-skip-tls-verify: true", "",
            "insecure-skip-tls-verify: contradicts"},
        Row{"CertificateWithoutKey", "server: 'https://x'",
            "client-certificate-data: QQ==", "need each other"},
        Row{"KeyWithoutCertificate", "server: 'https://x'", "client-key-data: QQ==", "need each other"},
        Row{"Plugin", "server: 'https://x'", "exec: {command: c}", "users[0].user.exec"},
        Row{"Proxy", "server: 'https://x', proxy-url: 'http://p'", "", "clusters[0].cluster.proxy-url"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(ClusterConfigTest, AnEntryThatCannotBeUsedDoesNotDisturbOthers) {
  environment.variables["KUBECONFIG"] = config_file("a", "server: 'https://a'", "token: x") + ":" +
                                        config_file("b", "server: 'https://b'", "exec: {command: c}");
  EXPECT_EQ(loaded().server, "https://a");
  EXPECT_THAT(problem({.context = "b"}), HasSubstr("users[0].user.exec"));
}

TEST_F(ClusterConfigTest, MissingPiecesAreNamed) {
  EXPECT_THAT(problem(), HasSubstr("no cluster"));
  EXPECT_THAT(problem({.kubeconfig = directory.path("nope")}), HasSubstr("nope"));
  EXPECT_THAT(problem({.kubeconfig = directory.path()}), HasSubstr("cannot be read"));
  const std::string path =
      directory.write("c", "contexts: [{name: x, context: {cluster: gone, user: gone}}]");
  EXPECT_THAT(problem({.kubeconfig = path}), HasSubstr("current-context"));
  EXPECT_THAT(problem({.kubeconfig = path, .context = "y"}), HasSubstr("\"y\""));
  EXPECT_THAT(problem({.kubeconfig = path, .context = "x"}), HasSubstr("contexts[0].context.cluster"));
}

}  // namespace
}  // namespace apiclient::kube
