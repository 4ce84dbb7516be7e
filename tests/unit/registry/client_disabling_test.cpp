// Clients that are disabled and enabled again, as the store and the admin API see them.

#include <gtest/gtest.h>

#include <functional>

#include "unit/registry/row_name.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

/// What happens to client "a" (one secret, mark uid-1 at revision 1, etag 1), and the last word.
struct Row {
  std::string name;
  std::function<std::string(StoreWorld&)> last_call;
  std::string expected;
  bool disabled;
  std::int64_t version;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class Disabling : public ::testing::TestWithParam<Row> {};

TEST_P(Disabling, KeepsTheRestOfTheClient) {
  StoreWorld world;
  ASSERT_EQ(world.create("a", "op-1", 1, 'x'), "done");
  EXPECT_EQ(GetParam().last_call(world), GetParam().expected);
  const auto client = world.get("a");
  EXPECT_EQ(client.disabled, GetParam().disabled);
  EXPECT_EQ(client.version, GetParam().version);
  EXPECT_EQ(world.store.find_authenticable("a").value()->disabled, GetParam().disabled);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Disabling,
    ::testing::Values(
        Row{"Disable", [](StoreWorld& w) { return w.disable("a"); }, "done", true, 2},
        Row{"DisableTwiceIsOneWrite",
            [](StoreWorld& w) {
              w.disable("a");
              return w.disable("a");
            },
            "done", true, 2},
        Row{"EnableAnEnabledOne", [](StoreWorld& w) { return w.enable("a"); }, "done", false, 1},
        Row{"AndBack",
            [](StoreWorld& w) {
              w.disable("a");
              return w.enable("a");
            },
            "done", false, 3},
        Row{"OwnerMatches",
            [](StoreWorld& w) { return w.disable("a", {.owner_uid = "uid-1", .etag = "\"1\""}); }, "done",
            true, 2},
        Row{"OwnerDiffers", [](StoreWorld& w) { return w.disable("a", {.owner_uid = "uid-2", .etag = {}}); },
            "precondition_failed", false, 1},
        Row{"EtagDiffers", [](StoreWorld& w) { return w.disable("a", {.owner_uid = {}, .etag = "\"9\""}); },
            "precondition_failed", false, 1},
        Row{"OwnerDiffersAlsoWhereNothingChanges",
            [](StoreWorld& w) { return w.enable("a", {.owner_uid = "uid-2", .etag = {}}); },
            "precondition_failed", false, 1},
        Row{"EnableOfAnotherOwner",
            [](StoreWorld& w) {
              w.disable("a");
              return w.enable("a", {.owner_uid = "uid-2", .etag = {}});
            },
            "precondition_failed", true, 2},
        Row{"Unknown", [](StoreWorld& w) { return w.disable("b"); }, "not_found", false, 1},
        Row{"ReplaceLeavesItDisabled",
            [](StoreWorld& w) {
              w.disable("a");
              return w.replace(a_machine("a", "New"), std::nullopt);
            },
            "done", true, 3},
        Row{"MarkMovesToTheRecreatedOwner",
            [](StoreWorld& w) {
              w.disable("a");
              return w.replace(a_machine("a"), a_mark(1, "uid-2"));
            },
            "done", true, 3},
        Row{"SecretIsAddedWhileDisabled",
            [](StoreWorld& w) {
              w.disable("a");
              return w.add("a", "op-2", 2, 'y', {.owner_uid = "uid-1", .etag = {}});
            },
            "done", true, 3},
        Row{"SecretIsDeletedWhileDisabled",
            [](StoreWorld& w) {
              w.disable("a");
              return w.remove_secret("a", 0);
            },
            "done", true, 3},
        Row{"DeletedAndCreatedAnewIsEnabled",
            [](StoreWorld& w) {
              w.disable("a");
              w.remove("a");
              return w.create("a", "op-2", 2, 'y');
            },
            "done", false, 1}),
    test::RowName());

TEST(DisabledClient, IsTakenOverByItsRecreatedOwner) {
  StoreWorld world;
  ASSERT_EQ(world.create("a", "op-1", 1, 'x'), "done");
  ASSERT_EQ(world.disable("a"), "done");
  ASSERT_EQ(world.replace(a_machine("a"), a_mark(1, "uid-2"), {.owner_uid = "uid-1", .etag = {}}), "done");
  ASSERT_EQ(world.add("a", "op-2", 2, 'y', {.owner_uid = "uid-2", .etag = {}}), "done");
  ASSERT_EQ(world.remove_secret("a", 0, {.owner_uid = "uid-2", .etag = {}}), "done");
  ASSERT_EQ(world.enable("a", {.owner_uid = "uid-2", .etag = {}}), "done");
  const auto client = world.get("a");
  EXPECT_EQ(client.mark, a_mark(2, "uid-2"));
  ASSERT_EQ(client.secrets.size(), 1U);
  EXPECT_EQ(client.secrets.at(0).operation_id, "op-2");
}

TEST(DisabledClient, StaysSoAndKeepsItsSecretsAfterReopening) {
  StoreWorld world;
  ASSERT_EQ(world.create("a", "op-1", 1, 'x'), "done");
  ASSERT_EQ(world.disable("a"), "done");
  world.clock.advance(std::chrono::seconds(5));
  world.database = Database::open(world.folder.file("registry.db")).value();
  ClientStore reopened(*world.database, world.hasher, world.clock, {});
  const auto known = reopened.find_authenticable("a").value().value();
  EXPECT_TRUE(known.disabled);
  ASSERT_EQ(known.secrets.size(), 1U);
  EXPECT_TRUE(equal_hashes(known.secrets.at(0).hash, world.hasher.hash("a", value_of('x').reveal())));
}

}  // namespace
}  // namespace apiclient::registry::test
