#include "registry/client_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "unit/registry/row_name.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

/// A rule: what happened before, and the word that the last call is answered with.
struct Rule {
  std::string name;
  std::function<std::string(StoreWorld&)> last_call;
  std::string expected;

  friend void PrintTo(const Rule& rule, std::ostream* stream) { *stream << rule.name; }
};

class ClientStoreRule : public ::testing::TestWithParam<Rule> {};

TEST_P(ClientStoreRule, DecidesTheLastCall) {
  StoreWorld world;
  EXPECT_EQ(GetParam().last_call(world), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Create, ClientStoreRule,
    ::testing::Values(Rule{"New", [](StoreWorld& w) { return w.create("a", "op-1", 1, 'x'); }, "done"},
                      Rule{"SameOperationAndValue",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "replayed"},
                      Rule{"SameOperationAnotherValue",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.create("a", "op-1", 1, 'y');
                           },
                           "operation_conflict"},
                      Rule{"SameOperationAnotherClient",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.create("b", "op-1", 1, 'x');
                           },
                           "operation_conflict"},
                      Rule{"AnotherOperation",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.create("a", "op-2", 2, 'y');
                           },
                           "already_exists"},
                      Rule{"OperationOfAnAddedSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             return w.create("a", "op-2", 2, 'y');
                           },
                           "replayed"},
                      Rule{"WithoutSecretAgain",
                           [](StoreWorld& w) {
                             w.create_public("a", "op-1");
                             return w.create_public("a", "op-1");
                           },
                           "replayed"},
                      Rule{"WithoutSecretThenWithOne",
                           [](StoreWorld& w) {
                             w.create_public("a", "op-1");
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "operation_conflict"},
                      Rule{"WithoutOperationTwice",
                           [](StoreWorld& w) {
                             const NewClient request{.metadata = a_public_client("a"),
                                                     .mark = {},
                                                     .secret = {},
                                                     .operation_id = ""};
                             EXPECT_TRUE(w.store.create(request));
                             return StoreWorld::word_of(w.store.create(request));
                           },
                           "already_exists"},
                      Rule{"OperationOfADeletedClient",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove("a");
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "deleted_operation"},
                      Rule{"OperationOfADeletedClientAfterSixDays",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove("a");
                             w.clock.advance(6 * 24h);
                             w.create("b", "op-2", 1, 'x');
                             w.remove("b");
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "deleted_operation"},
                      Rule{"OperationOfADeletedClientAfterEightDays",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove("a");
                             w.clock.advance(8 * 24h);
                             w.create("b", "op-2", 1, 'x');
                             w.remove("b");
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "done"},
                      Rule{"OperationOfADeletedSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove_secret("a", 0);
                             return w.create("a", "op-1", 1, 'x');
                           },
                           "deleted_operation"},
                      Rule{"AgainAfterDeletionByAnotherOwner",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 7, 'x');
                             w.remove("a");
                             return w.create("a", "op-2", 1, 'y', "uid-2");
                           },
                           "done"},
                      Rule{"AgainAfterDeletionAtTheSameRevision",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 7, 'x');
                             w.remove("a");
                             return w.create("a", "op-2", 7, 'x');
                           },
                           "done"},
                      Rule{"AgainAfterDeletionAtALowerRevision",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 7, 'x');
                             w.remove("a");
                             return w.create("a", "op-2", 6, 'x');
                           },
                           "revision_conflict"},
                      Rule{"PublicClientWithASecret",
                           [](StoreWorld& w) {
                             return StoreWorld::word_of(w.store.create({.metadata = a_public_client("a"),
                                                                        .mark = {},
                                                                        .secret = a_secret("op-1", 1, 'x'),
                                                                        .operation_id = "op-1"}));
                           },
                           "invalid_request"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    AddSecret, ClientStoreRule,
    ::testing::Values(Rule{"NextRevision",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.add("a", "op-2", 2, 'y');
                           },
                           "done"},
                      Rule{"SameOperationAndValue",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             return w.add("a", "op-2", 2, 'y');
                           },
                           "replayed"},
                      Rule{"OperationOfTheCreation",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.add("a", "op-1", 1, 'x');
                           },
                           "replayed"},
                      Rule{"SameOperationAnotherValue",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             return w.add("a", "op-2", 2, 'z');
                           },
                           "operation_conflict"},
                      Rule{"GeneratedAgain",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             EXPECT_TRUE(w.store.add_secret("a", a_generated_secret("op-2", 2, 'y'), {}));
                             return StoreWorld::word_of(
                                 w.store.add_secret("a", a_generated_secret("op-2", 2, 'z'), {}));
                           },
                           "replayed"},
                      Rule{"GivenAfterGenerated",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             EXPECT_TRUE(w.store.add_secret("a", a_generated_secret("op-2", 2, 'y'), {}));
                             return w.add("a", "op-2", 2, 'z');
                           },
                           "operation_conflict"},
                      Rule{"SameRevision",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.add("a", "op-2", 1, 'y');
                           },
                           "revision_conflict"},
                      Rule{"RevisionOfADeletedSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 5, 'y');
                             w.remove_secret("a", 1);
                             return w.add("a", "op-3", 5, 'z');
                           },
                           "revision_conflict"},
                      Rule{"RevisionOfTheMark",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.replace(a_machine("a"), a_mark(4));
                             return w.add("a", "op-2", 4, 'y');
                           },
                           "revision_conflict"},
                      Rule{"OperationOfADeletedSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             w.remove_secret("a", 1);
                             return w.add("a", "op-2", 2, 'y');
                           },
                           "deleted_operation"},
                      Rule{"OperationOfADeletedClient",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove("a");
                             w.create("a", "op-2", 1, 'y', "uid-2");
                             return w.add("a", "op-1", 2, 'x');
                           },
                           "deleted_operation"},
                      Rule{"ThirdSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             return w.add("a", "op-3", 3, 'z');
                           },
                           "done"},
                      Rule{"FourthSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             w.add("a", "op-3", 3, 'z');
                             return w.add("a", "op-4", 4, 'q');
                           },
                           "too_many_secrets"},
                      Rule{"FourthThatReplacesTheOthers",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             w.add("a", "op-3", 3, 'z');
                             return w.put("a", "op-4", 4, 'q');
                           },
                           "done"},
                      Rule{"ReplacementRepeated",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.put("a", "op-2", 2, 'y');
                             return w.put("a", "op-2", 2, 'y');
                           },
                           "replayed"},
                      Rule{"ReplacementThatWasReplaced",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.put("a", "op-2", 2, 'y');
                             w.put("a", "op-3", 3, 'z');
                             return w.put("a", "op-2", 2, 'y');
                           },
                           "deleted_operation"},
                      Rule{"ReplacementOfAnOlderRevision",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 3, 'x');
                             return w.put("a", "op-2", 2, 'y');
                           },
                           "revision_conflict"},
                      Rule{"ReplacementOfAnotherOwner",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.put("a", "op-2", 2, 'y', {.owner_uid = "uid-2", .etag = {}});
                           },
                           "precondition_failed"},
                      Rule{"FourthAfterOneWasDeleted",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.add("a", "op-2", 2, 'y');
                             w.add("a", "op-3", 3, 'z');
                             w.remove_secret("a", 0);
                             return w.add("a", "op-4", 4, 'q');
                           },
                           "done"},
                      Rule{"RightOwner",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.add("a", "op-2", 2, 'y', {.owner_uid = "uid-1", .etag = {}});
                           },
                           "done"},
                      Rule{"WrongOwner",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.add("a", "op-2", 2, 'y', {.owner_uid = "uid-2", .etag = {}});
                           },
                           "precondition_failed"},
                      Rule{"PublicClient",
                           [](StoreWorld& w) {
                             w.create_public("a", "op-1");
                             return w.add("a", "op-2", 2, 'y');
                           },
                           "invalid_request"},
                      Rule{"OperationThatMadeNoSecret",
                           [](StoreWorld& w) {
                             w.create_public("a", "op-1");
                             return w.add("a", "op-1", 2, 'y');
                           },
                           "operation_conflict"},
                      Rule{"NoSuchClient", [](StoreWorld& w) { return w.add("a", "op-1", 1, 'x'); },
                           "not_found"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Replace, ClientStoreRule,
    ::testing::Values(
        Rule{"NoSuchClient", [](StoreWorld& w) { return w.replace(a_machine("a"), {}); }, "not_found"},
        Rule{"SameMark",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a", "Renamed"), a_mark(1));
             },
             "done"},
        Rule{"HigherRevision",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a"), a_mark(2));
             },
             "done"},
        Rule{"LowerRevision",
             [](StoreWorld& w) {
               w.create("a", "op-1", 2, 'x');
               return w.replace(a_machine("a"), a_mark(1));
             },
             "revision_conflict"},
        Rule{"AnotherInstallation",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a"), a_mark(1, "uid-1", "installation-2"));
             },
             "precondition_failed"},
        Rule{"AnotherUid",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a"), a_mark(1, "uid-2"));
             },
             "done"},
        Rule{"MarkOnAnUnownedClient",
             [](StoreWorld& w) {
               EXPECT_TRUE(w.store.create(
                   {.metadata = a_machine("a"), .mark = {}, .secret = {}, .operation_id = "op-1"}));
               return w.replace(a_machine("a"), a_mark(1));
             },
             "done"},
        Rule{"OwnerOfAnUnownedClient",
             [](StoreWorld& w) {
               EXPECT_TRUE(w.store.create(
                   {.metadata = a_machine("a"), .mark = {}, .secret = {}, .operation_id = "op-1"}));
               return w.replace(a_machine("a"), a_mark(1), {.owner_uid = "uid-1", .etag = {}});
             },
             "precondition_failed"},
        Rule{"WrongOwner",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a"), a_mark(1), {.owner_uid = "uid-2", .etag = {}});
             },
             "precondition_failed"},
        Rule{"CurrentEtag",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               return w.replace(a_machine("a", "Renamed"), {}, {.owner_uid = {}, .etag = "\"1\""});
             },
             "done"},
        Rule{"OldEtag",
             [](StoreWorld& w) {
               w.create("a", "op-1", 1, 'x');
               w.replace(a_machine("a", "Renamed"), {});
               return w.replace(a_machine("a", "Again"), {}, {.owner_uid = {}, .etag = "\"1\""});
             },
             "precondition_failed"}),
    test::RowName());

INSTANTIATE_TEST_SUITE_P(
    Remove, ClientStoreRule,
    ::testing::Values(Rule{"NoSuchClient", [](StoreWorld& w) { return w.remove("a"); }, "not_found"},
                      Rule{"WithoutUid",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.remove("a");
                           },
                           "done"},
                      Rule{"RightUid",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.remove("a", "uid-1");
                           },
                           "done"},
                      Rule{"WrongUid",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.remove("a", "uid-2");
                           },
                           "precondition_failed"},
                      Rule{"Twice",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.remove("a");
                             return w.remove("a");
                           },
                           "not_found"},
                      Rule{"LastSecret",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.remove_secret("a", 0);
                           },
                           "done"},
                      Rule{"SecretOfAnotherOwner",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             return w.remove_secret("a", 0, {.owner_uid = "uid-2", .etag = {}});
                           },
                           "precondition_failed"},
                      Rule{"SecretOfAnotherClient",
                           [](StoreWorld& w) {
                             w.create("a", "op-1", 1, 'x');
                             w.create("b", "op-2", 1, 'y');
                             const auto other = w.get("b").secrets.at(0).id;
                             return StoreWorld::word_of(w.store.remove_secret("a", other, {}));
                           },
                           "not_found"}),
    test::RowName());

std::vector<std::string> operations_of(const ClientRecord& client) {
  std::vector<std::string> operations;
  for (const auto& secret : client.secrets) operations.push_back(secret.operation_id);
  return operations;
}

TEST(ClientStore, RefusedWriteLeavesNothingBehind) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  ASSERT_EQ(world.add("a", "op-2", 1, 'y'), "revision_conflict");
  EXPECT_THAT(operations_of(world.get("a")), ElementsAre("op-1"));
  EXPECT_EQ(world.add("a", "op-2", 2, 'z'), "done") << "the refused operation must not count as carried out";
}

TEST(ClientStore, ReplaceKeepsSecretsAndRaisesTheEtag) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.clock.advance(5s);
  ASSERT_EQ(world.replace(a_machine("a", "Renamed"), a_mark(1, "uid-2")), "done");
  const auto client = world.get("a");
  EXPECT_EQ(client.metadata.client_name, "Renamed");
  EXPECT_EQ(client.mark, a_mark(1, "uid-2"));
  EXPECT_EQ(client.version, 2);
  EXPECT_EQ(client.updated_at - client.created_at, 5s);
  EXPECT_THAT(operations_of(client), ElementsAre("op-1"));
}

TEST(ClientStore, ReplaceWithTheSameWritesNothing) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.clock.advance(5s);
  ASSERT_EQ(world.replace(a_machine("a"), a_mark(1)), "done");
  EXPECT_EQ(world.get("a").version, 1);
  EXPECT_EQ(world.get("a").updated_at, world.get("a").created_at);
}

TEST(ClientStore, TheFirstMarkBeginsAtTheHighestRevisionThatWasSeen) {
  StoreWorld world;
  const NewClient unmarked{.metadata = a_machine("a"), .mark = {}, .secret = {}, .operation_id = ""};
  ASSERT_TRUE(world.store.create(unmarked).has_value());
  ASSERT_EQ(world.add("a", "op-7", 7, 'x'), "done");
  ASSERT_EQ(world.remove_secret("a", 0), "done");
  ASSERT_EQ(world.replace(a_machine("a"), a_mark(0)), "done");
  EXPECT_EQ(world.get("a").mark, a_mark(7));
}

TEST(ClientStore, AddedSecretMovesTheMark) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.add("a", "op-2", 3, 'y');
  EXPECT_EQ(world.get("a").mark, a_mark(3));
  EXPECT_EQ(world.get("a").secrets.at(1).hint, "yyyy");
}

TEST(ClientStore, AnsweredReplayIsTheClientAsItIsNow) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.replace(a_machine("a", "Renamed"), {});
  const auto replayed = world.store.create({.metadata = a_machine("a"),
                                            .mark = a_mark(1),
                                            .secret = a_secret("op-1", 1, 'x'),
                                            .operation_id = "op-1"});
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->value.metadata.client_name, "Renamed");
  EXPECT_THAT(operations_of(replayed->value), ElementsAre("op-1"));
}

TEST(ClientStore, ConcurrentCreatesOfOneOperationMakeOneClient) {
  StoreWorld world;
  std::atomic<int> done = 0;
  std::atomic<int> replayed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        const auto word = world.create("a", "op-1", 1, 'x');
        done += word == "done" ? 1 : 0;
        replayed += word == "replayed" ? 1 : 0;
      });
  }
  EXPECT_EQ(done, 1);
  EXPECT_EQ(replayed, 7);
  EXPECT_EQ(world.get("a").secrets.size(), 1U);
}

TEST(ClientStore, LastUsedIsKeptAndLeavesTheEtagAlone) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  const auto used_at = world.clock.wall_now() + 3s;
  ASSERT_TRUE(
      world.store.record_last_used({{world.get("a").secrets.at(0).id, used_at}, {"unknown", used_at}}));
  EXPECT_EQ(world.get("a").secrets.at(0).last_used_at, used_at);
  EXPECT_EQ(world.get("a").version, 1);
}

TEST(ClientStore, AuthenticableHasTheHashesOnly) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  const auto found = world.store.find_authenticable("a").value();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->secrets.size(), 1U);
  EXPECT_EQ(found->secrets.at(0).hash, world.hasher.hash("a", value_of('x').reveal()));
  EXPECT_FALSE(world.store.find_authenticable("b").value());
}

TEST(ClientStore, SurvivesReopening) {
  TemporaryFolder folder;
  const apiclient::test::FakeClock clock;
  const SecretHasher hasher(value_of('k'));
  {
    const auto database = Database::open(folder.file("registry.db")).value();
    ClientStore store(*database, hasher, clock, {});
    ASSERT_TRUE(store.create({.metadata = a_machine("a"),
                              .mark = a_mark(1),
                              .secret = a_secret("op-1", 1, 'x'),
                              .operation_id = "op-1"}));
  }
  const auto database = Database::open(folder.file("registry.db")).value();
  ClientStore store(*database, hasher, clock, {});
  const auto client = store.find("a").value().value();
  EXPECT_EQ(client.mark, a_mark(1));
  EXPECT_THAT(operations_of(client), ElementsAre("op-1"));
}

std::vector<std::string> ids_of(const ClientPage& page) {
  std::vector<std::string> ids;
  for (const auto& client : page.clients) ids.push_back(client.metadata.client_id);
  return ids;
}

class ClientStoreList : public ::testing::Test {
 protected:
  ClientStoreList() {
    int number = 0;
    for (const auto* id : {"b", "a", "d_x", "c%"}) {
      const std::string operation = "op-" + std::to_string(number++);
      world_.create(std::string(id) == "c%" ? "c" : id, operation, 1, 'x');
    }
    world_.replace(a_machine("c", "100% sure"), {});
    world_.replace(a_machine("b", "Billing"), a_mark(1));
  }
  StoreWorld world_;
};

TEST_F(ClientStoreList, GoesPageByPageInOrder) {
  auto page = world_.store.list({.after = {}, .search = {}, .owner = {}, .limit = 3}).value();
  EXPECT_THAT(ids_of(page), ElementsAre("a", "b", "c"));
  EXPECT_EQ(page.last, "c");
  EXPECT_EQ(page.clients.at(0).secrets.size(), 1U);
  page = world_.store.list({.after = page.last, .search = {}, .owner = {}, .limit = 3}).value();
  EXPECT_THAT(ids_of(page), ElementsAre("d_x"));
  EXPECT_EQ(page.last, "");
}

TEST_F(ClientStoreList, LastPageThatIsJustFullHasNoSuccessor) {
  EXPECT_EQ(world_.store.list({.after = {}, .search = {}, .owner = {}, .limit = 4}).value().last, "");
}

TEST_F(ClientStoreList, SearchesIdsAndNamesLiterally) {
  const auto found = [&](const std::string& search) {
    return ids_of(world_.store.list({.after = {}, .search = search, .owner = {}}).value());
  };
  EXPECT_THAT(found("illin"), ElementsAre("b"));
  EXPECT_THAT(found("_"), ElementsAre("d_x"));
  EXPECT_THAT(found("%"), ElementsAre("c"));
  EXPECT_THAT(found("\\"), IsEmpty());
  EXPECT_THAT(found("machine"), ElementsAre("a", "d_x"));
}

TEST_F(ClientStoreList, FindsByInstallation) {
  NewClient foreign{.metadata = a_machine("e"),
                    .mark = a_mark(1, "uid-9", "installation-2"),
                    .secret = {},
                    .operation_id = "op-9"};
  ASSERT_TRUE(world_.store.create(foreign));
  EXPECT_THAT(ids_of(world_.store.list({.after = {}, .search = {}, .owner = "installation-2"}).value()),
              ElementsAre("e"));
  EXPECT_EQ(world_.store.list({.after = {}, .search = {}, .owner = "installation-1"}).value().clients.size(),
            4U);
  EXPECT_EQ(world_.store.count()->clients, 5);
}

TEST(ClientStorePaging, SeesEachOldClientOnceWhileOthersAreCreated) {
  StoreWorld world;
  const auto id_of = [](const char* prefix, int i) { return prefix + std::to_string(1000 + i); };
  for (int i = 0; i < 60; ++i) world.create(id_of("m", i), id_of("old-", i), 1, 'x');

  std::jthread creator([&](const std::stop_token& stop) {
    // New ids fall before, between and behind the old ones.
    for (int i = 0; i < 300 && !stop.stop_requested(); ++i)
      world.create(id_of(i % 3 == 0 ? "a" : i % 3 == 1 ? "m1000" : "z", i), id_of("new-", i), 1, 'x');
  });
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> seen;
    PageQuery query{.after = {}, .search = {}, .owner = {}, .limit = 7};
    do {
      const auto page = world.store.list(query).value();
      for (auto& id : ids_of(page)) seen.push_back(std::move(id));
      query.after = page.last;
    } while (!query.after.empty());
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    const std::set<std::string> distinct(seen.begin(), seen.end());
    EXPECT_EQ(distinct.size(), seen.size());
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(distinct.contains(id_of("m", i))) << i;
  }
}

TEST(ClientStore, DatabaseFileHoldsNoValue) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.add("a", "op-2", 2, 'y');
  for (const auto* name : {"registry.db", "registry.db-wal"}) {
    const auto bytes = TemporaryFolder::read(world.folder.file(name));
    EXPECT_FALSE(bytes.empty()) << name;
    EXPECT_EQ(bytes.find(std::string(8, 'x')), std::string::npos) << name;
    EXPECT_EQ(bytes.find(std::string(8, 'y')), std::string::npos) << name;
  }
}

TEST(ClientStore, AReplacementIsTheOnlySecretThatIsLeft) {
  StoreWorld world;
  ASSERT_EQ(world.create("a", "op-1", 1, 'x'), "done");
  ASSERT_EQ(world.add("a", "op-2", 2, 'y'), "done");
  ASSERT_EQ(world.put("a", "op-3", 3, 'z'), "done");
  const ClientRecord client = world.get("a");
  ASSERT_EQ(client.secrets.size(), 1U);
  EXPECT_EQ(client.secrets.at(0).operation_id, "op-3");
  EXPECT_EQ(client.mark->revision, 3);
  EXPECT_EQ(world.put("a", "op-4", 4, 'q', {.owner_uid = "uid-2", .etag = {}}), "precondition_failed");
  EXPECT_EQ(world.get("a").secrets.at(0).operation_id, "op-3") << "a refused one ends nothing";
}

}  // namespace
}  // namespace apiclient::registry::test
