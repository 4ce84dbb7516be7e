#include "runtime/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "support/eventually.h"

namespace apiclient::runtime {
namespace {

struct Thing {
  kube::ObjectKey key;
  std::string resource_version;
};

std::shared_ptr<const Thing> thing(const std::string& name, const std::string& version) {
  return std::make_shared<const Thing>(Thing{{.namespace_name = "team-a", .name = name}, version});
}
const kube::ObjectKey kWeb{.namespace_name = "team-a", .name = "web"};

TEST(Store, PutGivesBackWhatWasThereBefore) {
  Store<Thing> store;
  EXPECT_EQ(store.put(thing("web", "1")), nullptr);
  const auto before = store.put(thing("web", "2"));
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->resource_version, "1");
  EXPECT_EQ(store.find(kWeb)->resource_version, "2");
  EXPECT_EQ(store.size(), 1U);
}

TEST(Store, EraseGivesTheLastKnownState) {
  Store<Thing> store;
  store.put(thing("web", "1"));
  EXPECT_EQ(store.erase(kWeb)->resource_version, "1");
  EXPECT_EQ(store.erase(kWeb), nullptr);
  EXPECT_EQ(store.find(kWeb), nullptr);
}

TEST(Store, SnapshotOutlivesTheObjectInTheStore) {
  Store<Thing> store;
  store.put(thing("web", "1"));
  const auto snapshot = store.find(kWeb);
  store.erase(kWeb);
  EXPECT_EQ(snapshot->resource_version, "1");
}

TEST(Store, KeysAndEachSeeEveryObject) {
  Store<Thing> store;
  store.put(thing("web", "1"));
  store.put(thing("batch", "2"));
  std::size_t visited = 0;
  store.each([&](const Thing& /*object*/) { ++visited; });
  EXPECT_EQ(visited, 2U);
  EXPECT_EQ(store.keys().size(), 2U);
}

TEST(Store, ReadersSeeOnlyWholeVersionsWhileTheWriterWorks) {
  Store<Thing> store;
  store.put(thing("web", "0"));
  std::atomic<bool> backwards = false;
  std::atomic<bool> reading = false;
  {
    const std::jthread reader([&](const std::stop_token& stop) {
      int newest = 0;
      while (!stop.stop_requested()) {
        const int version = std::stoi(store.find(kWeb)->resource_version);
        if (version < newest) backwards = true;
        newest = version;
        reading = true;
      }
    });
    EXPECT_TRUE(test::eventually([&] { return reading.load(); }));
    for (int version = 1; version <= 2'000; ++version) store.put(thing("web", std::to_string(version)));
  }
  EXPECT_FALSE(backwards);
}

}  // namespace
}  // namespace apiclient::runtime
