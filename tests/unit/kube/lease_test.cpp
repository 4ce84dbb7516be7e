#include "kube/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"

namespace apiclient::kube {
namespace {

using testing::HasSubstr;

Lease a_lease() {
  return {.key = {.namespace_name = "apiclient-system", .name = "leader"},
          .uid = "u-1",
          .resource_version = "17",
          .holder_identity = "pod-0_abc",
          .lease_duration = std::chrono::seconds(20),
          .acquire_time = *parse_rfc3339("2026-01-02T03:04:05.000001Z"),
          .renew_time = *parse_rfc3339("2026-01-02T03:04:06Z"),
          .lease_transitions = 4};
}

TEST(Lease, ReadsBackWhatItWrote) {
  const Json object = write_lease(a_lease());
  const auto lease = read_lease(object);
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(write_lease(*lease), object);
  EXPECT_EQ(lease->holder_identity, "pod-0_abc");
  EXPECT_EQ(lease->lease_duration, std::chrono::seconds(20));
  EXPECT_EQ(lease->acquire_time, a_lease().acquire_time);
  EXPECT_EQ(lease->renew_time, a_lease().renew_time);
  EXPECT_EQ(lease->lease_transitions, 4);
}

TEST(Lease, TimesHaveExactlySixDigits) {
  const Json object = write_lease(a_lease());
  EXPECT_EQ(object["spec"]["acquireTime"], "2026-01-02T03:04:05.000001Z");
  EXPECT_EQ(object["spec"]["renewTime"], "2026-01-02T03:04:06.000000Z");
  EXPECT_EQ(object["apiVersion"], "coordination.k8s.io/v1");
  EXPECT_EQ(object["metadata"]["resourceVersion"], "17");
}

TEST(Lease, NewOneCarriesNoIdentityAndAReleasedOneAnEmptyHolder) {
  const Json object = write_lease({.key = {.namespace_name = "n", .name = "l"}});
  EXPECT_FALSE(object["metadata"].contains("uid"));
  EXPECT_FALSE(object["metadata"].contains("resourceVersion"));
  EXPECT_FALSE(object["spec"].contains("renewTime"));
  EXPECT_EQ(object["spec"]["holderIdentity"], "");
}

TEST(Lease, EverythingInTheSpecIsOptional) {
  const auto lease = read_lease(Json::parse(R"({"metadata":{"namespace":"n","name":"l"},"spec":{}})"));
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease->holder_identity.empty());
  EXPECT_EQ(lease->renew_time, WallTime{});
}

TEST(Lease, NumbersOutOfRangeAndWrongTimesAreProtocolErrors) {
  for (const char* spec : {R"({"leaseDurationSeconds":4294967297})", R"({"leaseDurationSeconds":-1})",
                           R"({"leaseTransitions":"1"})", R"({"renewTime":"yesterday"})"}) {
    const auto lease =
        read_lease({{"metadata", {{"namespace", "n"}, {"name", "l"}}}, {"spec", Json::parse(spec)}});
    ASSERT_FALSE(lease) << spec;
    EXPECT_EQ(lease.error().kind, ErrorKind::protocol);
    EXPECT_THAT(lease.error().message, HasSubstr("spec."));
  }
}

}  // namespace
}  // namespace apiclient::kube
