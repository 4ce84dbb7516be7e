#include "app/registry_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::app {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube::ObjectKey kKey{"operator", "registry-admin"};

class RegistryToken : public ::testing::Test {
 protected:
  Result<void> ensure() { return ensure_registry_token(kube_, "operator", "registry-admin", {}); }

  test::FakeKube kube_;
};

TEST_F(RegistryToken, IsMadeOnceForARegistryToUse) {
  ASSERT_THAT(ensure(), test::is_ok());
  const Json secret = kube_.get(kube::kSecrets, kKey);
  EXPECT_EQ(secret["metadata"]["labels"]["apiclient.dev/usable-by"], "registry");
  EXPECT_THAT(secret["data"]["token"].get<std::string>(), SizeIs(60)) << "43 characters as base64";
  kube_.clear_writes();
  EXPECT_THAT(ensure(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(RegistryToken, OfSomebodyElseStays) {
  kube_.put(kube::kSecrets, {{"metadata", {{"namespace", "operator"}, {"name", "registry-admin"}}},
                             {"data", {{"token", "bWluZQ=="}}}});
  EXPECT_THAT(ensure(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

}  // namespace
}  // namespace apiclient::app
