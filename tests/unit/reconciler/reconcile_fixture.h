#pragma once
// The world in which the tests of whole passes live, and the promise that each of them ends with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/conditions.h"
#include "support/matchers.h"
#include "unit/reconciler/world.h"

namespace apiclient::reconciler {

inline Error unavailable(int status_code = 503) {
  return {.kind = ErrorKind::unavailable, .message = "no answer", .status_code = status_code};
}

class Reconcile : public ::testing::Test {
 protected:
  void issue(const test::ApiClientBuilder& client = test::an_api_client()) {
    world_.apply(client);
    ASSERT_TRUE(world_.settle());
    ASSERT_EQ(world_.condition(api::kReady), "True Issued");
    world_.clear_records();
  }

  /// One client, nothing staged, what is published works, everybody agrees on the revision.
  void expect_well(std::int64_t revision = 1) {
    EXPECT_THAT(world_.backend.client_ids(), ::testing::ElementsAre(test::kClientId));
    EXPECT_THAT(world_.staged(), ::testing::IsEmpty());
    EXPECT_TRUE(world_.backend.accepts(test::kClientId, world_.published_value()));
    EXPECT_EQ(world_.condition(api::kReady), "True Issued");
    EXPECT_EQ(world_.client()["status"]["credential"]["revision"], revision);
    EXPECT_EQ(world_.secret()["metadata"]["annotations"]["apiclient.dev/revision"], std::to_string(revision));
  }

  /// "create secrets" and so on, in order.
  std::vector<std::string> writes() {
    std::vector<std::string> texts;
    for (const auto& write : world_.kube.writes()) {
      texts.push_back(std::string(test::to_string(write.verb)) + " " + write.resource);
    }
    return texts;
  }

  test::World world_;
};

}  // namespace apiclient::reconciler
