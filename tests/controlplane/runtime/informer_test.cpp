// An informer over the real transport and a real API server, through its restarts.

#include "runtime/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include "controlplane/kube/cluster.h"
#include "controlplane/runtime/server_control.h"
#include "support/eventually.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using kube::kConfigMaps;
using runtime::Change;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kObjects = 300;

struct ConfigMap {
  kube::ObjectKey key;
  std::string resource_version;
  std::string value;
};

Result<ConfigMap> read_config_map(const Json& object) {
  return ConfigMap{.key = runtime::key_of(object),
                   .resource_version = version_of(object),
                   .value = object["data"].value("value", "")};
}

/// Holds watches back while it is closed, as a network that is down for them alone.
class GatedTransport final : public http::Transport {
 public:
  explicit GatedTransport(http::Transport& inner) : inner_(inner) {}
  void open() { set(true); }
  void close() { set(false); }

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override {
    return inner_.send(request, std::move(stop));
  }
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return open_; })) return fail(ErrorKind::cancelled, "stopped");
    }
    return inner_.stream(request, on_chunk, std::move(stop));
  }

 private:
  void set(bool open) {
    const std::scoped_lock lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  http::Transport& inner_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = true;
};

class InformerTest : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    informer_.emplace(reader_,
                      runtime::ReflectorOptions{.type = kConfigMaps, .namespace_name = namespace_name()},
                      read_config_map, clock_);
    informer_->on_change([this](const Change<ConfigMap>& change) {
      auto changes = changes_.lock();
      const char* what = change.after == nullptr ? "deleted" : change.before == nullptr ? "added" : "changed";
      (*changes)[change.key().name] = what;
    });
  }
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { EXPECT_TRUE(informer_->run(stop)); });
    ASSERT_TRUE(eventually([this] { return informer_->has_synced(); }, seconds(30)));
  }
  void TearDown() override {
    gate_.open();
    const auto begin = std::chrono::steady_clock::now();
    thread_ = {};
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2)) << "stop ends the watch";
    ClusterTest::TearDown();
  }

  void put(const std::string& name, const std::string& value) {
    const Json patch = {{"data", {{"value", value}}}};
    ASSERT_THAT(client().merge_patch(kConfigMaps, key(name), patch, kManager, {}), is_ok());
  }
  void remove(const std::string& name) {
    ASSERT_THAT(client().remove(kConfigMaps, key(name), {}, {}), is_ok());
  }
  /// Waits until the cache knows this value; "" waits until the object is gone.
  bool sees(const std::string& name, const std::string& value) {
    return eventually(
        [&] {
          const auto object = informer_->store().find(key(name));
          return value.empty() ? object == nullptr : object != nullptr && object->value == value;
        },
        seconds(60));
  }
  std::string last_change(const std::string& name) {
    auto changes = changes_.lock();
    return (*changes)[name];
  }
  /// The store holds what the server holds, neither more nor less.
  bool agrees_with_the_server() {
    std::map<std::string, std::string> server;
    const auto note = [&](Json&& item) -> Result<void> {
      server[item["metadata"]["name"]] = version_of(item);
      return {};
    };
    const auto listed =
        client().list(kConfigMaps, {.namespace_name = namespace_name(), .resource_version = ""}, note, {});
    EXPECT_THAT(listed, is_ok());
    std::map<std::string, std::string> cache;
    informer_->store().each(
        [&](const ConfigMap& object) { cache[object.key.name] = object.resource_version; });
    return server == cache;
  }
  /// Lists of the informer that were asked for at a version, as after 410.
  int relists() {
    const auto paths = noting_.paths();
    return static_cast<int>(std::count_if(paths.begin(), paths.end(), [](const std::string& path) {
      const bool first = path.find("resourceVersion=0") != std::string::npos;
      return path.find("watch=") == std::string::npos && !first;
    }));
  }

  SystemClock clock_;
  Identity watcher_{admin_config()};
  GatedTransport gate_{watcher_.transport()};
  NotingTransport noting_{gate_};
  kube::ClusterConfig config_ = admin_config();
  kube::RestClient reader_{{.unary = noting_,
                            .watch = noting_,
                            .token = *config_.token,
                            .metrics = watcher_.metrics(),
                            .clock = clock_}};
  Guarded<std::map<std::string, std::string>> changes_;
  std::optional<runtime::Informer<ConfigMap>> informer_;
  std::jthread thread_;
};

TEST_F(InformerTest, ThreeHundredObjectsAreListedAndFollowed) {
  for (int number = 0; number < kObjects; ++number) {
    created(kConfigMaps, config_map("map-" + std::to_string(number)));
  }
  start();
  EXPECT_GE(informer_->store().size(), static_cast<std::size_t>(kObjects));
  EXPECT_TRUE(agrees_with_the_server());
  EXPECT_EQ(last_change("map-7"), "added");

  created(kConfigMaps, config_map("late", "new"));
  EXPECT_TRUE(sees("late", "new"));
  put("late", "changed");
  EXPECT_TRUE(sees("late", "changed"));
  EXPECT_EQ(last_change("late"), "changed");
  remove("late");
  EXPECT_TRUE(sees("late", ""));
  EXPECT_EQ(last_change("late"), "deleted");
  EXPECT_EQ(relists(), 0);
}

TEST_F(InformerTest, NoChangeIsMissedWhenTheServerRestarts) {
  for (int number = 0; number < 20; ++number) {
    created(kConfigMaps, config_map("map-" + std::to_string(number)));
  }
  start();
  restart_server();
  for (int number = 0; number < 20; ++number) put("map-" + std::to_string(number), "after the restart");
  for (int number = 0; number < 20; ++number) {
    ASSERT_TRUE(sees("map-" + std::to_string(number), "after the restart"));
  }
  remove("map-3");
  EXPECT_TRUE(sees("map-3", ""));
  EXPECT_TRUE(eventually([this] { return agrees_with_the_server(); }));
}

/// The informer is cut off while the server restarts and things change. The server has no events of that time
/// any more: it answers 410, and only the list that follows tells of what is gone.
TEST_F(InformerTest, ObjectsThatWentDuringAnOutageBecomeTombstones) {
  for (const char* name : {"gone", "changed", "same"}) created(kConfigMaps, config_map(name, "before"));
  start();
  EXPECT_TRUE(sees("same", "before"));
  gate_.close();
  restart_server();
  remove("gone");
  put("changed", "after");
  created(kConfigMaps, config_map("added", "after"));
  restart_server();
  EXPECT_NE(informer_->store().find(key("gone")), nullptr) << "nothing can have been seen yet";
  gate_.open();
  EXPECT_TRUE(sees("gone", ""));
  EXPECT_EQ(last_change("gone"), "deleted");
  EXPECT_TRUE(sees("changed", "after"));
  EXPECT_EQ(last_change("changed"), "changed");
  EXPECT_TRUE(sees("added", "after"));
  EXPECT_EQ(last_change("added"), "added");
  EXPECT_EQ(last_change("same"), "added") << "what has not changed is not told again";
  EXPECT_GE(relists(), 1) << "the server was expected to answer 410";
}

}  // namespace
}  // namespace apiclient::test
