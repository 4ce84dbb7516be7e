#include "reconciler/registry_users.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

struct UserRow {
  std::string name;
  api::ApiClientSummary client;
  std::string registry;
};
class UsedRegistry : public ::testing::TestWithParam<UserRow> {};

TEST_P(UsedRegistry, IsTheOneWhereTheClientIs) {
  EXPECT_EQ(used_registry(GetParam().client), GetParam().registry);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UsedRegistry,
    ::testing::Values(UserRow{"Pinned", {.registry_name = "a", .pinned_registry = "b"}, "b"},
                      UserRow{"BeingRegistered", {.registry_name = "a", .has_finalizer = true}, "a"},
                      UserRow{"OnlyAsksForIt", {.registry_name = "a"}, ""},
                      UserRow{"NothingKnown", {.has_finalizer = true}, ""}),
    test::RowName());

TEST(RegistryUsers, AreCounted) {
  RegistryUsers users;
  users.move("", "a");
  users.move("", "a");
  users.move("a", "b");
  EXPECT_EQ(users.count("a"), 1U);
  EXPECT_EQ(users.count("b"), 1U);
  users.move("a", "");
  users.move("a", "");
  EXPECT_EQ(users.count("a"), 0U);
  EXPECT_EQ(users.count(""), 0U);
}

}  // namespace
}  // namespace apiclient::reconciler
