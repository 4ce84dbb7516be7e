#include "registry/database.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {
namespace {

std::int64_t number_at(Connection& connection, std::string_view sql) {
  Query query = connection.query(sql);
  return query.next() ? query.integer_at(0) : -1;
}

void insert(Connection& connection, const std::string& client_id) {
  connection
      .query(
          "INSERT INTO client_tombstones (client_id, uid, highest_revision, deleted_at) VALUES (?, 'u', 1, "
          "1)")
      .text(client_id)
      .run();
}

Result<std::int64_t> count(Database& database) {
  return database.read([](Connection& c) -> Result<std::int64_t> {
    return number_at(c, "SELECT count(*) FROM client_tombstones");
  });
}

TEST(Database, WritesSynchronouslyIntoAWriteAheadLog) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db")).value();
  const auto pragmas = database->write([](Connection& c) -> Result<std::pair<std::string, std::int64_t>> {
    Query journal = c.query("PRAGMA journal_mode");
    journal.next();
    return std::pair{journal.text_at(0), number_at(c, "PRAGMA synchronous")};
  });
  ASSERT_TRUE(pragmas);
  EXPECT_EQ(pragmas->first, "wal");
  EXPECT_EQ(pragmas->second, 2) << "FULL";
}

TEST(Database, RollsBackWhatFails) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db")).value();
  const auto written = database->write([](Connection& c) -> Result<void> {
    insert(c, "a");
    return fail(ErrorKind::invalid, "no");
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "no");
  EXPECT_EQ(count(*database).value(), 0);
}

TEST(Database, BrokenConstraintIsAnErrorAndTheNextWriteSucceeds) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db")).value();
  const auto twice = database->write([](Connection& c) -> Result<void> {
    insert(c, "a");
    insert(c, "a");
    return {};
  });
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, ErrorKind::internal);
  EXPECT_TRUE(database->write([](Connection& c) -> Result<void> {
    insert(c, "a");
    return {};
  }));
  EXPECT_EQ(count(*database).value(), 1);
}

TEST(Database, ReadersCannotWrite) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db")).value();
  EXPECT_FALSE(database->read([](Connection& c) -> Result<void> {
    insert(c, "a");
    return {};
  }));
  EXPECT_EQ(count(*database).value(), 0);
}

TEST(Database, ReadsDoNotWaitForAnOpenWrite) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db")).value();
  std::latch inserted(1);
  std::latch counted(1);
  std::jthread writer([&] {
    EXPECT_TRUE(database->write([&](Connection& c) -> Result<void> {
      insert(c, "a");
      inserted.count_down();
      counted.wait();
      return {};
    }));
  });
  inserted.wait();
  EXPECT_EQ(count(*database).value(), 0);
  counted.count_down();
  writer.join();
  EXPECT_EQ(count(*database).value(), 1);
}

TEST(Database, MoreReadersThanConnectionsTakeTurns) {
  TemporaryFolder folder;
  const auto database = Database::open(folder.file("registry.db"), 1).value();
  std::atomic<int> read = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { read += count(*database) ? 1 : 0; });
  }
  EXPECT_EQ(read, 8);
}

TEST(Database, FolderThatIsMissingIsAnError) {
  TemporaryFolder folder;
  EXPECT_FALSE(Database::open(folder.file("missing/registry.db")));
}

}  // namespace
}  // namespace apiclient::registry::test
