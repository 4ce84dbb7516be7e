#include "reconciler/status_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/names.h"
#include "support/builders.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const kube::ObjectKey kKey{"team-a", "invoices"};
const Json kBefore{{"observedGeneration", 0}};
const Json kAfter{{"observedGeneration", 1}};

class StatusWriter : public ::testing::Test {
 protected:
  kube::ObjectMeta stored() { return kube::read_object_meta(kube_.get(api::kApiClients, kKey)).value(); }

  test::FakeKube kube_;
  kube::ObjectMeta meta_ =
      kube::read_object_meta(kube_.put(api::kApiClients, test::an_api_client().json())).value();
};

TEST_F(StatusWriter, WritesNothingThatIsThereAlready) {
  EXPECT_THAT(write_status_if_changed(kube_, api::kApiClients, meta_, kAfter, kAfter, {}), test::is_ok());
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(StatusWriter, SendsWhatItReadAsPreconditions) {
  const std::string read_version = meta_.resource_version;
  ASSERT_THAT(write_status_if_changed(kube_, api::kApiClients, meta_, kBefore, kAfter, {}), test::is_ok());
  ASSERT_EQ(kube_.writes().size(), 1U);
  const auto write = kube_.writes().front();
  EXPECT_EQ(write.verb, test::Verb::replace_status);
  EXPECT_EQ(write.field_manager, "apiclient-operator-status");
  EXPECT_EQ(write.body["metadata"]["uid"], test::kUid);
  EXPECT_EQ(write.body["metadata"]["resourceVersion"], read_version);
  EXPECT_FALSE(write.body.contains("spec"));
  EXPECT_EQ(kube_.get(api::kApiClients, kKey)["status"], kAfter);
  EXPECT_EQ(meta_.resource_version, stored().resource_version);
}

TEST_F(StatusWriter, DoesNotOverwriteWhatSomebodyElseChanged) {
  kube_.put(api::kApiClients, test::an_api_client().annotated("changed", "meanwhile").json());
  EXPECT_THAT(write_status_if_changed(kube_, api::kApiClients, meta_, kBefore, kAfter, {}),
              test::has_error(ErrorKind::conflict));
}

TEST_F(StatusWriter, DoesNotWriteToARecreatedObject) {
  kube_.erase(api::kApiClients, kKey);
  kube_.put(api::kApiClients, test::an_api_client().named("invoices", "uid-of-the-next").json());
  EXPECT_THAT(write_status_if_changed(kube_, api::kApiClients, meta_, kBefore, kAfter, {}),
              test::has_error(ErrorKind::conflict));
  EXPECT_THAT(write_finalizers(kube_, api::kApiClients, meta_, {"f"}, {}),
              test::has_error(ErrorKind::conflict));
}

TEST_F(StatusWriter, OfAClusterObjectHasNoNamespace) {
  kube::ObjectMeta registry =
      kube::read_object_meta(kube_.put(api::kClusterClientRegistries, test::a_registry().json())).value();
  ASSERT_THAT(write_status_if_changed(kube_, api::kClusterClientRegistries, registry, kBefore, kAfter, {}),
              test::is_ok());
  EXPECT_FALSE(kube_.writes().front().body["metadata"].contains("namespace"));
}

TEST_F(StatusWriter, FinalizersAreReplacedWithTheSamePreconditions) {
  const std::string read_version = meta_.resource_version;
  ASSERT_THAT(write_finalizers(kube_, api::kApiClients, meta_, {"a", "b"}, {}), test::is_ok());
  EXPECT_THAT(meta_.finalizers, ElementsAre("a", "b"));
  EXPECT_EQ(meta_.resource_version, stored().resource_version);
  const Json body = kube_.writes().front().body;
  EXPECT_EQ(body["metadata"]["resourceVersion"], read_version);
  EXPECT_EQ(body["metadata"]["uid"], test::kUid);
}

}  // namespace
}  // namespace apiclient::reconciler
