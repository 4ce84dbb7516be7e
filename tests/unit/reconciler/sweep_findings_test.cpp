#include "reconciler/sweep_findings.h"

#include <gmock/gmock.h>

#include "unit/reconciler/registry_pass.h"

namespace apiclient::reconciler {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(SweepFindingsTest, SaysWhetherSomethingIsNew) {
  SweepFindings findings;
  const Orphans none;
  const Orphans client{.clients = {"a"}};
  EXPECT_TRUE(findings.put("default", "uid-1", none)) << "the condition of an earlier process may be there";
  EXPECT_FALSE(findings.put("default", "uid-1", none));
  EXPECT_TRUE(findings.put("default", "uid-1", client));
  EXPECT_FALSE(findings.put("default", "uid-1", client));
  EXPECT_TRUE(findings.put("default", "uid-2", client));
  EXPECT_TRUE(findings.put("default", "uid-2", {.secrets = {"a"}}));
}

TEST(SweepFindingsTest, AreOfOneRegistryObject) {
  SweepFindings findings;
  EXPECT_EQ(findings.orphans("default", "uid-1"), std::nullopt);
  findings.put("default", "uid-1", {.clients = {"a"}});
  EXPECT_EQ(findings.orphans("default", "uid-1"), Orphans{.clients = {"a"}});
  EXPECT_EQ(findings.orphans("default", "uid-2"), std::nullopt);
  findings.forget("default");
  EXPECT_EQ(findings.orphans("default", "uid-1"), std::nullopt);
}

/// A registry, and what the sweep found in it.
class OrphansOfARegistry : public RegistryPass {
 protected:
  void find(std::vector<std::string> clients, std::vector<std::string> secrets = {}) {
    sweep_.put("default", uid(), {.clients = std::move(clients), .secrets = std::move(secrets)});
  }
  std::string uid() { return kube_.get(api::kClusterClientRegistries, kKey)["metadata"]["uid"]; }
  std::string message() {
    const Json all = status()["conditions"];
    for (const Json& one : all) {
      if (one["type"] == "Orphans") return one["message"];
    }
    return "";
  }
};

TEST_F(OrphansOfARegistry, AreAConditionWhileThereAreSome) {
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "-");
  find({"acme_a"});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "True OrphanedClients");
  EXPECT_EQ(condition("Ready"), "True Reachable");
  EXPECT_THAT(message(), StartsWith("1 client "));
  EXPECT_THAT(message(), EndsWith(": acme_a"));
  find({});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "-");
}

TEST_F(OrphansOfARegistry, AreWrittenOnce) {
  find({"acme_a"});
  ASSERT_THAT(pass(), test::is_ok());
  kube_.clear_writes();
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(OrphansOfARegistry, AreNamedUpToFive) {
  find({"a", "b", "c", "d", "e", "f", "g"});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_THAT(message(), StartsWith("7 clients "));
  EXPECT_THAT(message(), EndsWith(": a, b, c, d, e and 2 more"));
}

TEST_F(OrphansOfARegistry, AreSecretsToo) {
  find({}, {"team-a/one"});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "True OrphanedSecrets");
  EXPECT_THAT(message(), StartsWith("1 Secret "));
  EXPECT_THAT(message(), EndsWith(": team-a/one"));
  find({"acme_a"}, {"team-a/one", "team-a/two"});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "True OrphanedClients");
  EXPECT_THAT(message(), HasSubstr(": acme_a. 2 Secrets "));
  EXPECT_THAT(message(), EndsWith(": team-a/one, team-a/two"));
  find({});
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Orphans"), "-");
}

TEST_F(OrphansOfARegistry, StayThroughTroubleAndUntilTheNextSweep) {
  find({"acme_a"});
  ASSERT_THAT(pass(), test::is_ok());
  sweep_.forget("default");  // as after a start
  backend_.fail_next(test::BackendOperation::probe, probe_error(ErrorKind::unavailable));
  clock_.advance(60s);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(condition("Ready"), "False RegistryUnreachable");
  EXPECT_EQ(condition("Orphans"), "True OrphanedClients");
  recover();
  EXPECT_EQ(condition("Orphans"), "True OrphanedClients");
}

TEST_F(OrphansOfARegistry, GoWithIt) {
  find({"acme_a"});
  const std::string old = uid();
  kube_.erase(api::kClusterClientRegistries, kKey);
  ASSERT_THAT(pass(), test::is_ok());
  EXPECT_EQ(sweep_.orphans("default", old), std::nullopt);
}

}  // namespace
}  // namespace apiclient::reconciler
