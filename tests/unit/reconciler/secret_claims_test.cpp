#include "reconciler/secret_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apiclient::reconciler {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Age = SecretClaims::Age;

const kube::ObjectKey kSecret{"team-a", "creds"};
const kube::ObjectKey kOne{"team-a", "one"};
const kube::ObjectKey kTwo{"team-a", "two"};

Age age(int seconds, const std::string& uid) { return {WallTime(std::chrono::seconds(seconds)), uid}; }

TEST(SecretClaims, TheOldestWins) {
  SecretClaims claims;
  claims.add(kSecret, age(20, "b"), kTwo);
  EXPECT_FALSE(claims.has_older(kSecret, age(20, "b")));
  claims.add(kSecret, age(10, "a"), kOne);
  EXPECT_TRUE(claims.has_older(kSecret, age(20, "b")));
  EXPECT_FALSE(claims.has_older(kSecret, age(10, "a")));
}

TEST(SecretClaims, OfTwoOfOneSecondTheSmallerUidWins) {
  SecretClaims claims;
  claims.add(kSecret, age(10, "b"), kTwo);
  claims.add(kSecret, age(10, "a"), kOne);
  EXPECT_TRUE(claims.has_older(kSecret, age(10, "b")));
  EXPECT_FALSE(claims.has_older(kSecret, age(10, "a")));
}

TEST(SecretClaims, AClaimThatIsGoneNoLongerCounts) {
  SecretClaims claims;
  claims.add(kSecret, age(10, "a"), kOne);
  claims.add(kSecret, age(20, "b"), kTwo);
  claims.remove(kSecret, "a");
  EXPECT_FALSE(claims.has_older(kSecret, age(20, "b")));
  EXPECT_THAT(claims.claimants(kSecret), UnorderedElementsAre(kTwo));
  claims.remove(kSecret, "b");
  claims.remove(kSecret, "b");
  EXPECT_THAT(claims.claimants(kSecret), IsEmpty());
}

TEST(SecretClaims, TheSameObjectClaimsOnce) {
  SecretClaims claims;
  claims.add(kSecret, age(10, "a"), kOne);
  claims.add(kSecret, age(10, "a"), kOne);
  EXPECT_THAT(claims.claimants(kSecret), UnorderedElementsAre(kOne));
}

TEST(SecretClaims, NamesOfOtherNamespacesAreOtherSecrets) {
  SecretClaims claims;
  claims.add({"team-b", "creds"}, age(10, "a"), {"team-b", "one"});
  EXPECT_FALSE(claims.has_older(kSecret, age(20, "b")));
  EXPECT_THAT(claims.claimants(kSecret), IsEmpty());
}

}  // namespace
}  // namespace apiclient::reconciler
