#include "app/registry_creation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/names.h"
#include "support/eventually.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube::ObjectKey kConfigMap{"operator", "registry"};
const kube::ObjectKey kRegistry{"", "beside-it"};

class RegistryCreation : public ::testing::Test {
 protected:
  RegistryCreation() { describe(registry()); }

  static Json registry() {
    return {{"apiVersion", "apiclient.dev/v1alpha1"},
            {"kind", "ClusterClientRegistry"},
            {"metadata", {{"name", "beside-it"}}},
            {"spec", {{"tenant", "acme"}}}};
  }
  void describe(const Json& value) { describe_as(value.dump()); }
  void describe_as(const std::string& text) {
    kube_.put(kube::kConfigMaps, {{"metadata", {{"namespace", "operator"}, {"name", "registry"}}},
                                  {"data", {{"registry.json", text}}}});
  }
  Result<void> ensure() { return ensure_registry(kube_, kConfigMap, {}); }
  [[nodiscard]] Json created() const { return kube_.get(api::kClusterClientRegistries, kRegistry); }
  [[nodiscard]] Json mark() const {
    return kube_.get(kube::kConfigMaps,
                     kConfigMap)["metadata"]["annotations"]["apiclient.dev/registry-created"];
  }
  [[nodiscard]] bool is_marked() const { return mark() == "beside-it"; }

  test::FakeKube kube_;
};

TEST_F(RegistryCreation, IsWhatTheConfigMapDescribes) {
  ASSERT_THAT(ensure(), test::is_ok());
  EXPECT_EQ(created()["spec"], registry()["spec"]);
  EXPECT_TRUE(is_marked());
}

TEST_F(RegistryCreation, ComesOnce) {
  ASSERT_THAT(ensure(), test::is_ok());
  kube_.erase(api::kClusterClientRegistries, kRegistry);
  kube_.clear_writes();
  EXPECT_THAT(ensure(), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty()) << "somebody has deleted it, and meant that";
}

TEST_F(RegistryCreation, LeavesAloneWhatIsThere) {
  kube_.put(api::kClusterClientRegistries,
            {{"metadata", {{"name", "beside-it"}}}, {"spec", {{"tenant", "mine"}}}});
  ASSERT_THAT(ensure(), test::is_ok());
  EXPECT_EQ(created()["spec"]["tenant"], "mine");
  EXPECT_TRUE(is_marked());
}

TEST_F(RegistryCreation, IsNotMarkedBeforeItIsThere) {
  kube_.fail_next(test::Verb::create, "clusterclientregistries", {ErrorKind::forbidden, "no"});
  EXPECT_THAT(ensure(), test::has_error(ErrorKind::forbidden));
  EXPECT_FALSE(is_marked());
}

TEST_F(RegistryCreation, GoesOnWhereItWasCutOff) {
  kube_.fail_next(test::Verb::replace, "configmaps", {ErrorKind::conflict, "changed"});
  EXPECT_THAT(ensure(), test::has_error(ErrorKind::conflict));
  EXPECT_THAT(ensure(), test::is_ok());
  EXPECT_THAT(kube_.all(api::kClusterClientRegistries), SizeIs(1));
  EXPECT_TRUE(is_marked());
}

TEST_F(RegistryCreation, NeedsAConfigMap) {
  kube_.erase(kube::kConfigMaps, kConfigMap);
  EXPECT_THAT(ensure(), test::has_error(ErrorKind::not_found));
}

TEST_F(RegistryCreation, IsOfNothingElse) {
  const auto refused = [](const std::string& why) {
    return test::has_error_text(
        ErrorKind::invalid,
        HasSubstr("data.registry.json has to be a ClusterClientRegistry as JSON: " + why));
  };
  const std::string another = "its apiVersion or kind is another";
  Json value = registry();
  value["kind"] = "ClientRegistry";
  describe(value);
  EXPECT_THAT(ensure(), refused(another));
  value = registry();
  value["apiVersion"] = "example.com/v1";
  describe(value);
  EXPECT_THAT(ensure(), refused(another));
  describe(Json::array());
  EXPECT_THAT(ensure(), refused(another));
  value = registry();
  value["metadata"] = Json::object();
  describe(value);
  EXPECT_THAT(ensure(), refused("it has no metadata.name"));
  describe_as("{");
  EXPECT_THAT(ensure(), refused(""));
  kube_.put(kube::kConfigMaps, {{"metadata", {{"namespace", "operator"}, {"name", "registry"}}}});
  EXPECT_THAT(ensure(), refused("it is missing"));
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(RegistryCreation, IsTriedUntilItSucceeds) {
  for (int time = 0; time < 3; ++time) {
    kube_.fail_next(test::Verb::create, "clusterclientregistries", {ErrorKind::not_found, "no such kind"});
  }
  app::RegistryCreation creation(kube_, kConfigMap, {.initial = std::chrono::milliseconds(1)});
  std::atomic<bool> ended = false;
  const std::jthread thread([&](const std::stop_token& stop) {
    EXPECT_THAT(creation.run(stop), test::is_ok());
    ended = true;
  });
  EXPECT_TRUE(test::eventually([this] { return is_marked(); }));
  EXPECT_FALSE(test::eventually([&] { return ended.load(); }, std::chrono::milliseconds(50)))
      << "whoever ends unasked ends the program";
}

}  // namespace
}  // namespace apiclient::app
