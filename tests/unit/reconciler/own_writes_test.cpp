#include "reconciler/own_writes.h"

#include <gtest/gtest.h>

namespace apiclient::reconciler {
namespace {

const kube::ObjectKey kKey{"team-a", "invoices"};

TEST(OwnWrites, TakesTheLastVersionOnce) {
  OwnWrites writes;
  writes.wrote(kKey, "5");
  writes.wrote(kKey, "6");
  EXPECT_FALSE(writes.take(kKey, "5"));
  EXPECT_TRUE(writes.take(kKey, "6"));
  EXPECT_FALSE(writes.take(kKey, "6"));
}

TEST(OwnWrites, TellsObjectsApart) {
  OwnWrites writes;
  writes.wrote(kKey, "5");
  EXPECT_FALSE(writes.take({"team-a", "other"}, "5"));
}

TEST(OwnWrites, ForgetsOnDemand) {
  OwnWrites writes;
  writes.wrote(kKey, "5");
  writes.forget(kKey);
  EXPECT_FALSE(writes.take(kKey, "5"));
}

}  // namespace
}  // namespace apiclient::reconciler
