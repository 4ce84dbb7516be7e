#include "runtime/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "scripted_reader.h"
#include "support/eventually.h"
#include "support/fake_clock.h"

namespace apiclient::runtime {
namespace {

using kube::ObjectChanged;
using kube::ObjectDeleted;
using std::chrono::milliseconds;
using test::an_object;
using test::eventually;
using testing::ElementsAre;

struct Thing {
  kube::ObjectKey key;
  std::string resource_version;
};

/// An object made by `broken` cannot be read.
Result<Thing> decode(const Json& object) {
  kube::ObjectKey key = key_of(object);
  if (object["metadata"].contains("broken")) return fail(ErrorKind::protocol, "broken");
  return Thing{std::move(key), object["metadata"]["resourceVersion"].get<std::string>()};
}

Json broken(const std::string& name, const std::string& version) {
  Json object = an_object(name, version);
  object["metadata"]["broken"] = true;
  return object;
}

class InformerTest : public testing::Test {
 protected:
  InformerTest() {
    informer.on_change([this](const Change<Thing>& change) {
      const auto version = [](const auto& thing) { return thing ? thing->resource_version : "-"; };
      changes.push_back(change.key().name + " " + version(change.before) + ">" + version(change.after) +
                        (change.initial ? " initial" : ""));
      synced_in_handler = informer.has_synced();
    });
  }
  void play() {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(informer.run(stop)); });
    EXPECT_TRUE(eventually([&] { return reader.finished(); }));
  }
  static kube::ObjectKey key(const std::string& name) { return {.namespace_name = "team-a", .name = name}; }

  test::ScriptedReader reader;
  test::FakeClock clock;
  Informer<Thing> informer{reader,
                           {.type = kube::kConfigMaps,
                            .backoff = {.initial = milliseconds(1), .cap = milliseconds(2), .jitter = 0.0}},
                           decode,
                           clock};
  std::vector<std::string> changes;  ///< read it when the informer has ended
  bool synced_in_handler = true;
};

TEST_F(InformerTest, IsSyncedOnceTheFirstListHasReachedTheHandlers) {
  EXPECT_FALSE(informer.has_synced());
  reader.add({.items = {an_object("a", "1"), an_object("b", "2")}, .version = "12"});
  play();
  EXPECT_TRUE(informer.has_synced());
  EXPECT_FALSE(synced_in_handler);
  EXPECT_THAT(changes, ElementsAre("a ->1 initial", "b ->2 initial"));
  EXPECT_EQ(informer.store().size(), 2U);
}

TEST_F(InformerTest, FailedListLeavesItUnsyncedAndItsObjectsOut) {
  reader.add({.items = {an_object("a", "1")},
              .version = "",
              .error = Error{.kind = ErrorKind::unavailable,
                             .message = "no",
                             .retry_after = {},
                             .status_code = 503,
                             .code = {}}});
  reader.add({.items = {an_object("b", "2")}, .version = "12"});
  play();
  EXPECT_THAT(changes, ElementsAre("b ->2 initial"));
}

TEST_F(InformerTest, EventsChangeTheStoreAndReachTheHandlersWithTheStateBefore) {
  reader.add({.items = {an_object("a", "1")}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}, ObjectChanged{an_object("b", "14")},
                         ObjectDeleted{an_object("a", "15")}}});
  play();
  EXPECT_THAT(changes, ElementsAre("a ->1 initial", "a 1>13", "b ->14", "a 13>-"));
  EXPECT_EQ(informer.store().find(key("a")), nullptr);
  EXPECT_EQ(informer.store().find(key("b"))->resource_version, "14");
}

TEST_F(InformerTest, RelistTellsOfChangesAndTombstonesOnly) {
  reader.add(
      {.items = {an_object("same", "1"), an_object("other", "2"), an_object("gone", "3")}, .version = "12"});
  reader.add(
      {.events = {},
       .error = Error{
           .kind = ErrorKind::expired, .message = "", .retry_after = {}, .status_code = 410, .code = {}}});
  reader.add(
      {.items = {an_object("same", "1"), an_object("other", "20"), an_object("new", "21")}, .version = "30"});
  play();
  ASSERT_EQ(changes.size(), 6U);
  EXPECT_THAT(std::vector(changes.begin() + 3, changes.end()),
              ElementsAre("other 2>20", "new ->21", "gone 3>-"));
}

TEST_F(InformerTest, ObjectThatBecomesUnreadableKeepsItsLastStateAndNeverLooksDeleted) {
  reader.add({.items = {an_object("a", "1"), broken("b", "2")}, .version = "12"});
  reader.add(
      {.events = {ObjectChanged{broken("a", "13")}},
       .error = Error{
           .kind = ErrorKind::expired, .message = "", .retry_after = {}, .status_code = 410, .code = {}}});
  reader.add({.items = {broken("a", "13"), broken("b", "2")}, .version = "30"});
  play();
  EXPECT_THAT(changes, ElementsAre("a ->1 initial"));
  ASSERT_NE(informer.store().find(key("a")), nullptr);
  EXPECT_EQ(informer.store().find(key("a"))->resource_version, "1");
  EXPECT_EQ(informer.store().find(key("b")), nullptr);
}

TEST_F(InformerTest, DeletedObjectIsForgottenEvenIfItsLastStateIsUnreadable) {
  reader.add({.items = {an_object("a", "1")}, .version = "12"});
  reader.add({.events = {ObjectDeleted{broken("a", "13")}}});
  play();
  EXPECT_THAT(changes, ElementsAre("a ->1 initial", "a 1>-"));
}

TEST_F(InformerTest, HandlersSeeTheStoreAlreadyChanged) {
  std::vector<std::string> seen;
  informer.on_change([&](const Change<Thing>& change) {
    const auto stored = informer.store().find(change.key());
    seen.push_back(stored ? stored->resource_version : "absent");
  });
  reader.add({.items = {an_object("a", "1")}, .version = "12"});
  reader.add({.events = {ObjectChanged{an_object("a", "13")}, ObjectDeleted{an_object("a", "14")}}});
  play();
  EXPECT_THAT(seen, ElementsAre("1", "13", "absent"));
}

// Several namespaces

/// A script for each namespace.
class ReaderOfTwo final : public kube::Reader {
 public:
  Result<std::optional<Json>> find(const kube::ResourceType& type, const kube::ObjectKey& key,
                                   std::stop_token stop) override {
    return of(key.namespace_name).find(type, key, std::move(stop));
  }
  Result<std::string> list(const kube::ResourceType& type, const kube::ListOptions& options,
                           const std::function<Result<void>(Json&& item)>& on_item,
                           std::stop_token stop) override {
    return of(options.namespace_name).list(type, options, on_item, std::move(stop));
  }
  Result<void> watch(const kube::ResourceType& type, const kube::WatchOptions& options,
                     const std::function<Result<void>(kube::WatchEvent&& event)>& on_event,
                     std::stop_token stop) override {
    return of(options.namespace_name).watch(type, options, on_event, std::move(stop));
  }

  test::ScriptedReader a;
  test::ScriptedReader b;

 private:
  test::ScriptedReader& of(const std::string& namespace_name) { return namespace_name == "team-a" ? a : b; }
};

class InformerOfTwoNamespaces : public testing::Test {
 protected:
  static ReflectorOptions scope(const std::string& namespace_name) {
    return {.type = kube::kConfigMaps,
            .namespace_name = namespace_name,
            .backoff = {.initial = milliseconds(1), .cap = milliseconds(2), .jitter = 0.0}};
  }
  [[nodiscard]] std::set<std::string> stored() const {
    std::set<std::string> names;
    for (const kube::ObjectKey& key : informer.store().keys()) names.insert(key.text());
    return names;
  }
  ReaderOfTwo reader;
  test::FakeClock clock;
  Informer<Thing> informer{reader, std::vector{scope("team-a"), scope("team-b")}, decode, clock};
};

TEST_F(InformerOfTwoNamespaces, IsSyncedOnceBothAre) {
  reader.a.add({.items = {an_object("one", "1")}, .version = "12"});
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(informer.run(stop)); });
  EXPECT_TRUE(eventually([&] { return reader.a.finished() && reader.b.finished(); }));
  EXPECT_EQ(stored(), std::set<std::string>{"team-a/one"});
  EXPECT_FALSE(informer.has_synced());
}

TEST_F(InformerOfTwoNamespaces, AListOfOneForgetsNothingOfTheOther) {
  const Error expired{
      .kind = ErrorKind::expired, .message = "", .retry_after = {}, .status_code = 410, .code = {}};
  reader.b.add({.items = {an_object("kept", "1", "team-b")}, .version = "12"});
  reader.a.add({.items = {an_object("gone", "2"), an_object("kept", "3")}, .version = "12"});
  reader.a.add({.events = {}, .error = expired});
  reader.a.add({.items = {an_object("kept", "3")}, .version = "30"});
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(informer.run(stop)); });
  EXPECT_TRUE(eventually([&] { return reader.a.finished() && reader.b.finished(); }));
  EXPECT_TRUE(informer.has_synced());
  EXPECT_EQ(stored(), (std::set<std::string>{"team-a/kept", "team-b/kept"}));
}

}  // namespace
}  // namespace apiclient::runtime
