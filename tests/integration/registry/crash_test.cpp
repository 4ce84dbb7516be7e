// The registry is killed at random moments under load: what was acknowledged must be there afterwards, what
// was not can be repeated.

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/random.h"
#include "integration/registry/registry_process.h"
#include "integration/registry/sample_requests.h"
#include "support/eventually.h"

namespace apiclient::registry::test {
namespace {

using http::Method;

constexpr int kRounds = 6;
constexpr int kWriters = 4;
constexpr int kWritesBeforeKill = 40;

/// What one writer knows of one client.
struct Expected {
  std::string client_id;
  std::vector<std::pair<std::string, std::string>> secrets;  ///< operation, value
  std::string name = "A machine";
  bool deleted = false;
};

/// The write whose answer never came.
struct Unknown {
  std::size_t client = 0;
  enum class Kind { none, create, add, rename, remove } kind = Kind::none;
  std::string operation;
  std::string value;
};

class Writer {
 public:
  Writer(RegistryProcess& registry, int number)
      : registry_(registry), prefix_("w" + std::to_string(number) + "-") {}

  /// Writes until the registry is gone.
  void run(std::atomic<int>& acknowledged) {
    unknown_ = {};
    while (unknown_.kind == Unknown::Kind::none) {
      step();
      if (unknown_.kind == Unknown::Kind::none) ++acknowledged;
    }
  }

  /// Repeats the write whose answer is missing; both ways it must end as if it had come through once.
  void finish() {
    auto& client = clients_.at(unknown_.client);
    int status = 0;
    switch (unknown_.kind) {
      case Unknown::Kind::none: return;
      case Unknown::Kind::create: status = create(client, unknown_.operation, unknown_.value); break;
      case Unknown::Kind::add: status = add(client, unknown_.operation, unknown_.value); break;
      case Unknown::Kind::rename: status = rename(client, unknown_.value); break;
      case Unknown::Kind::remove: status = remove(client); break;
    }
    const bool fine = status == 200 || status == 201 || status == 204 ||
                      (unknown_.kind == Unknown::Kind::remove && status == 404);
    EXPECT_TRUE(fine) << status;
    apply(unknown_);
  }

  void expect_everything_is_there() const {
    for (const auto& client : clients_) {
      const auto response = registry_.admin(Method::get, kClientsPath + "/" + client.client_id);
      ASSERT_EQ(response.status_code, client.deleted ? 404 : 200) << client.client_id;
      if (client.deleted) continue;
      const auto stored = Json::parse(response.body);
      EXPECT_EQ(stored.at("client_name"), client.name);
      std::vector<std::string> operations;
      for (const auto& secret : stored.at("secrets")) operations.push_back(secret.at("operation_id"));
      std::vector<std::string> expected;
      for (const auto& [operation, value] : client.secrets) expected.push_back(operation);
      EXPECT_EQ(operations, expected) << client.client_id;
    }
  }

  void expect_newest_secret_works() const {
    if (clients_.empty() || clients_.back().deleted) return;
    const auto& client = clients_.back();
    EXPECT_EQ(registry_.token(kClientCredentials, basic_of(client.client_id, client.secrets.back().second))
                  .status_code,
              200);
  }

 private:
  /// Each client: create, add, add, rename; every third one is deleted then.
  void step() {
    const auto value = std::string(random_secret().reveal());
    const int stage = stage_++ % 5;
    if (stage == 0) {
      clients_.push_back({.client_id = prefix_ + std::to_string(clients_.size()), .secrets = {}});
      attempt(Unknown::Kind::create, value, create(clients_.back(), operation_name(), value), 201);
    } else if (stage <= 2) {
      attempt(Unknown::Kind::add, value, add(clients_.back(), operation_name(), value), 201);
    } else if (stage == 3) {
      attempt(Unknown::Kind::rename, value, rename(clients_.back(), value), 200);
    } else if (clients_.size() % 3 == 0) {
      attempt(Unknown::Kind::remove, value, remove(clients_.back()), 204);
    }
  }

  void attempt(Unknown::Kind kind, const std::string& value, int status, int expected) {
    const Unknown write{clients_.size() - 1, kind, operation_name(), value};
    ++operations_;
    if (status == 0) {
      unknown_ = write;
      return;
    }
    EXPECT_EQ(status, expected);
    apply(write);
  }

  void apply(const Unknown& write) {
    auto& client = clients_.at(write.client);
    if (write.kind == Unknown::Kind::create || write.kind == Unknown::Kind::add)
      client.secrets.emplace_back(write.operation, write.value);
    if (write.kind == Unknown::Kind::rename) client.name = write.value;
    if (write.kind == Unknown::Kind::remove) client.deleted = true;
  }

  [[nodiscard]] std::string operation_name() const { return prefix_ + "op-" + std::to_string(operations_); }

  int create(const Expected& client, const std::string& operation, const std::string& value) const {
    return registry_
        .admin(Method::post, kClientsPath, machine_with_secret(client.client_id, operation, value).dump(),
               {{"Idempotency-Key", operation}})
        .status_code;
  }
  int add(const Expected& client, const std::string& operation, const std::string& value) const {
    const auto revision = static_cast<std::int64_t>(client.secrets.size()) + 1;
    return registry_
        .admin(Method::post, kClientsPath + "/" + client.client_id + "/secrets",
               added_secret(operation, value, revision).dump())
        .status_code;
  }
  int rename(const Expected& client, const std::string& name) const {
    return registry_
        .admin(Method::put, kClientsPath + "/" + client.client_id,
               Json{{"client_name", name}, {"type", "machine"}}.dump())
        .status_code;
  }
  int remove(const Expected& client) const {
    return registry_.admin(Method::del, kClientsPath + "/" + client.client_id + "?uid=uid-1").status_code;
  }

  RegistryProcess& registry_;
  const std::string prefix_;
  std::vector<Expected> clients_;
  Unknown unknown_;
  int stage_ = 0;
  int operations_ = 0;
};

TEST(RegistryCrash, AcknowledgedWritesSurviveBeingKilledUnderLoad) {
  RegistryProcess registry;
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < kWriters; ++i) writers.push_back(std::make_unique<Writer>(registry, i));

  int total = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<int> acknowledged = 0;
    std::vector<std::jthread> threads;
    for (auto& writer : writers) threads.emplace_back([&] { writer->run(acknowledged); });
    const int enough = kWritesBeforeKill + round * 7;
    ASSERT_TRUE(
        apiclient::test::eventually([&] { return acknowledged >= enough; }, std::chrono::seconds(60)));
    registry.kill_hard();
    threads.clear();
    total += acknowledged;

    registry.start();
    for (auto& writer : writers) {
      writer->finish();
      writer->expect_everything_is_there();
      writer->expect_newest_secret_works();
    }
  }
  RecordProperty("kills", kRounds);
  RecordProperty("acknowledged_writes", total);

  ASSERT_EQ(registry.stop(), 0);
  SQLite::Database database(registry.file("data/registry.db"), SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  SQLite::Statement broken(database, "PRAGMA foreign_key_check");
  EXPECT_FALSE(broken.executeStep());
}

}  // namespace
}  // namespace apiclient::registry::test
