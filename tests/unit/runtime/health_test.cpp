#include "runtime/health.h"

#include <gtest/gtest.h>

namespace apiclient::runtime {
namespace {

TEST(HealthChecks, NoChecksPass) {
  const HealthChecks checks;
  EXPECT_TRUE(checks.all_pass());
  EXPECT_EQ(checks.verbose(), "");
}

TEST(HealthChecks, OneFailureFailsAllAndEachIsNamed) {
  bool synced = false;
  HealthChecks checks;
  checks.add("ping", [] { return true; });
  checks.add("caches", [&] { return synced; });
  EXPECT_FALSE(checks.all_pass());
  EXPECT_EQ(checks.verbose(), "[+]ping ok\n[-]caches failed\n");
  synced = true;
  EXPECT_TRUE(checks.all_pass());
  EXPECT_EQ(checks.verbose(), "[+]ping ok\n[+]caches ok\n");
}

}  // namespace
}  // namespace apiclient::runtime
