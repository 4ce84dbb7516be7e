#include "kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apiclient::kube {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPath = "/etc/kube/config";

constexpr const char* kFull = R"(
apiVersion: v1
kind: Config
preferences: {}
current-context: main
clusters:
- name: east
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority: pki/ca.crt
    tls-server-name: kube.example
- name: west
  cluster:
    server: https://127.0.0.2:6443
    certificate-authority-data: Q0EgUEVN
    insecure-skip-tls-verify: true
    proxy-url: http://127.0.0.1:3128
users:
- name: cert
  user: {client-certificate: ../me.crt, client-key-data: S0VZ}
- name: token
  user:
    token: abc
    tokenFile: /run/token
- name: plugin
  user:
    exec:
      command: get-token
      installHint: |
        * install it
        & read this
- name: nobody
  user:
contexts:
- name: main
  context: {cluster: east, user: cert, namespace: team-a}
)";

Kubeconfig parsed(std::string_view text) {
  auto config = parse_kubeconfig(text, kPath);
  EXPECT_TRUE(config) << config.error().message;
  return config ? std::move(*config) : Kubeconfig{};
}

TEST(Kubeconfig, ReadsClustersUsersAndContexts) {
  const Kubeconfig config = parsed(kFull);
  EXPECT_EQ(config.current_context, "main");
  const auto& east = config.clusters.at("east");
  EXPECT_EQ(east.server, "https://127.0.0.1:6443");
  EXPECT_EQ(east.ca_file, "/etc/kube/pki/ca.crt");
  EXPECT_EQ(east.tls_server_name, "kube.example");
  EXPECT_FALSE(east.insecure_skip_verify);
  EXPECT_FALSE(east.refusal);
  EXPECT_EQ(config.clusters.at("west").ca_pem, "CA PEM");
  EXPECT_TRUE(config.clusters.at("west").insecure_skip_verify);
  EXPECT_EQ(config.users.at("cert").certificate_file, "/etc/me.crt");
  EXPECT_EQ(config.users.at("cert").key_pem.reveal(), "KEY");
  EXPECT_EQ(config.users.at("token").token.reveal(), "abc");
  EXPECT_EQ(config.users.at("token").token_file, "/run/token");
  EXPECT_FALSE(config.users.at("nobody").refusal);
  EXPECT_EQ(config.contexts.at("main").namespace_name, "team-a");
}

TEST(Kubeconfig, WhatWeCannotDoIsRememberedWithItsField) {
  const Kubeconfig config = parsed(kFull);
  EXPECT_EQ(config.users.at("plugin").refusal,
            "/etc/kube/config: users[2].user.exec: exec plugins are not supported; use a token or client "
            "certificate");
  EXPECT_EQ(
      config.clusters.at("west").refusal,
      "/etc/kube/config: clusters[1].cluster.proxy-url: proxies are not supported; use a server that can be "
      "reached directly");
}

class RefusedFieldTest : public testing::TestWithParam<const char*> {};

TEST_P(RefusedFieldTest, IsNamed) {
  const std::string text = std::string("users: [{name: u, user: {") + GetParam() + ": x}}]";
  const auto refusal = parsed(text).users.at("u").refusal;
  ASSERT_TRUE(refusal);
  EXPECT_THAT(*refusal,
              AllOf(HasSubstr(std::string("users[0].user.") + GetParam() + ":"), HasSubstr("not supported")));
}

INSTANTIATE_TEST_SUITE_P(Users, RefusedFieldTest,
                         testing::Values("exec", "auth-provider", "username", "password", "as", "as-uid",
                                         "as-groups", "as-user-extra"));

TEST(Kubeconfig, FirstFileWinsForEachEntry) {
  const Kubeconfig merged = merge_kubeconfigs(parsed("users: [{name: a, user: {token: first}}]"),
                                              parsed("{current-context: c, users: [{name: a, user: {token: "
                                                     "second}}, {name: b, user: {token: third}}]}"));
  EXPECT_EQ(merged.users.at("a").token.reveal(), "first");
  EXPECT_EQ(merged.users.at("b").token.reveal(), "third");
  EXPECT_EQ(merged.current_context, "c");
  EXPECT_EQ(merge_kubeconfigs(parsed("current-context: x"), parsed("current-context: y")).current_context,
            "x");
}

TEST(Kubeconfig, EmptyFilesAndNullsAreEmpty) {
  EXPECT_TRUE(parsed("").clusters.empty());
  EXPECT_TRUE(parsed("clusters: null\nusers: ~\ncurrent-context:\n").users.empty());
}

struct MistakeRow {
  const char* name;
  std::string text;
  const char* problem;
};
void PrintTo(const MistakeRow& row, std::ostream* out) { *out << row.name; }

class KubeconfigMistakeTest : public testing::TestWithParam<MistakeRow> {};

TEST_P(KubeconfigMistakeTest, IsInvalidAndNamesThePlace) {
  const auto config = parse_kubeconfig(GetParam().text, kPath);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, ErrorKind::invalid);
  EXPECT_THAT(config.error().message,
              AllOf(HasSubstr(kPath), HasSubstr(GetParam().problem), Not(HasSubstr("hidden"))));
}

INSTANTIATE_TEST_SUITE_P(
    Files, KubeconfigMistakeTest,
    testing::Values(
        MistakeRow{"NotYaml", "a: [hidden", "config:"}, MistakeRow{"Tabs", "a:\n\t- hidden: [\n", "config:"},
        MistakeRow{"NotAMap", "hidden", "must be a map"},
        MistakeRow{"UsersIsNoList", "users: hidden", "users: must be a list"},
        MistakeRow{"EntryWithoutName", "users: [{user: {}}]", "users[0].name: is required"},
        MistakeRow{"SameNameTwice", "users: [{name: a, user: {}}, {name: a, user: {}}]",
                   "users[1].name: is the name"},
        MistakeRow{"UserIsText", "users: [{name: a, user: hidden}]", "users[0].user: must be a map"},
        MistakeRow{"TokenIsAList", "users: [{name: a, user: {token: [hidden]}}]",
                   "users[0].user.token: must be"},
        MistakeRow{"DataIsNotBase64", "users: [{name: a, user: {client-key-data: '!hidden'}}]",
                   "users[0].user.client-key-data: is not base64"},
        MistakeRow{"FlagIsNeither", "clusters: [{name: a, cluster: {insecure-skip-tls-verify: hidden}}]",
                   "insecure-skip-tls-verify: must be true or false"},
        MistakeRow{"Alias", "a: &x {b: hidden}\nc: *x\n", "config:2: aliases are not allowed"},
        MistakeRow{"TooDeepInFlow", "a: " + std::string(50'000, '['), "nested too deeply"},
        MistakeRow{"TooDeepInMaps",
                   [] {
                     std::string text;
                     for (int i = 0; i < 20; ++i)
                       text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
                     return text + std::string(20, ' ') + "hidden";
                   }(),
                   "nested too deeply"},
        MistakeRow{"TooLong", std::string((1U << 20U) + 1, '#'), "longer than 1 MiB"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace apiclient::kube
