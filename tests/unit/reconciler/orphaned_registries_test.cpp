#include "reconciler/orphaned_registries.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

class OrphanedRegistriesTest : public ::testing::Test {
 protected:
  bool contains(const std::string& registry, const std::string& issuer) {
    const auto answer = orphaned_.contains(registry, issuer, {});
    EXPECT_THAT(answer, test::is_ok());
    return answer.value_or(false);
  }

  test::FakeClock clock_;
  test::FakeKube kube_{clock_};
  OrphanedRegistries orphaned_{kube_, "operator"};
};

TEST_F(OrphanedRegistriesTest, RememberByNameAndIssuer) {
  ASSERT_THAT(orphaned_.remember("default", "http://a", {}), test::is_ok());
  EXPECT_TRUE(contains("default", "http://a"));
  EXPECT_TRUE(contains("default", "")) << "the issuer is not known";
  EXPECT_FALSE(contains("default", "http://b"));
  EXPECT_FALSE(contains("other", "http://a"));
}

TEST_F(OrphanedRegistriesTest, TheLastOneOfANameCounts) {
  ASSERT_THAT(orphaned_.remember("default", "http://a", {}), test::is_ok());
  ASSERT_THAT(orphaned_.remember("default", "http://b", {}), test::is_ok());
  EXPECT_FALSE(contains("default", "http://a"));
  EXPECT_TRUE(contains("default", "http://b"));
}

TEST_F(OrphanedRegistriesTest, TheTwoKindsDoNotMix) {
  ASSERT_THAT(orphaned_.remember("team-a/own", "http://a", {}), test::is_ok());
  EXPECT_TRUE(contains("team-a/own", "http://a"));
  for (const char* other : {"own", "team-a.own", "team-b/own", "namespaced.team-a.own", "team-a/own.b"}) {
    EXPECT_FALSE(contains(other, "http://a")) << other;
  }
}

TEST_F(OrphanedRegistriesTest, AReadThatFailsIsNotAbsence) {
  kube_.fail_next(test::Verb::find, "configmaps", {.kind = ErrorKind::unavailable, .message = "no answer"});
  EXPECT_THAT(orphaned_.contains("default", "", {}), test::has_error(ErrorKind::unavailable));
}

}  // namespace
}  // namespace apiclient::reconciler
