#include "registry/migrations.h"

#include <gtest/gtest.h>

#include "registry/token_lifetimes.h"
#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

std::int64_t version_of(Connection& connection) {
  Query query = connection.query("PRAGMA user_version");
  return query.next() ? query.integer_at(0) : -1;
}

bool has(Connection& connection, const std::string& name) {
  Query query = connection.query("SELECT count(*) FROM sqlite_schema WHERE name = ?");
  query.text(name);
  return query.next() && query.integer_at(0) == 1;
}

TEST(Migrations, EmptyFileGetsTheWholeSchema) {
  TemporaryFolder folder;
  Connection connection(folder.file("registry.db"), Connection::Mode::read_write);
  ASSERT_TRUE(migrate(connection));
  EXPECT_EQ(version_of(connection), static_cast<std::int64_t>(migrations().size()));
  for (const auto* name : {"clients", "secrets", "operations", "client_tombstones", "clients_by_owner"})
    EXPECT_TRUE(has(connection, name)) << name;
}

TEST(Migrations, SecondRunChangesNothing) {
  TemporaryFolder folder;
  Connection connection(folder.file("registry.db"), Connection::Mode::read_write);
  ASSERT_TRUE(migrate(connection));
  ASSERT_TRUE(migrate(connection));
  EXPECT_EQ(version_of(connection), static_cast<std::int64_t>(migrations().size()));
}

TEST(Migrations, VersionOneKeepsItsClients) {
  TemporaryFolder folder;
  const std::string file = folder.file("registry.db");
  {
    Connection connection(file, Connection::Mode::read_write);
    ASSERT_TRUE(migrate_to(connection, 1));
    ASSERT_EQ(version_of(connection), 1);
    ASSERT_FALSE(has(connection, "client_tombstones"));
    connection.execute(
        R"sql(INSERT INTO clients VALUES ('old', 'Old', '{"client_id":"old","client_name":"Old","type":"machine"}',
              'installation-1', 'team-a', 'invoices', 'uid-1', 3, 3, 7, 1000, 2000))sql");
    connection.execute("INSERT INTO secrets VALUES ('s-1', 'old', x'00ff', 'abcd', 3, 'op-1', 1000, NULL)");
    connection.execute("INSERT INTO operations VALUES ('op-1', 'old', x'00ff', 0, 1000, NULL)");
  }
  const auto database = Database::open(file).value();
  const SecretHasher hasher(value_of('k'));
  const apiclient::test::FakeClock clock;
  ClientStore store(*database, hasher, clock, {});
  const auto client = store.find("old").value().value();
  EXPECT_EQ(client.metadata.client_name, "Old");
  EXPECT_EQ(client.mark, a_mark(3));
  EXPECT_EQ(client.version, 7);
  ASSERT_EQ(client.secrets.size(), 1U);
  EXPECT_EQ(client.secrets.at(0).hint, "abcd");
  EXPECT_TRUE(store.remove("old", "uid-1")) << "the tables of version 2 must be there";
}

TEST(Migrations, ClientsOfVersionTwoAreEnabled) {
  TemporaryFolder folder;
  const std::string file = folder.file("registry.db");
  const SecretHasher hasher(value_of('k'));
  {
    Connection connection(file, Connection::Mode::read_write);
    ASSERT_TRUE(migrate_to(connection, 2));
    connection.execute(
        R"sql(INSERT INTO clients VALUES ('old', 'Old', '{"client_id":"old","client_name":"Old","type":"machine"}',
              'installation-1', 'team-a', 'invoices', 'uid-1', 3, 4, 7, 1000, 2000))sql");
    connection.execute(
        R"sql(INSERT INTO clients SELECT 'long', 'Long', json_set(metadata, '$.access_token_lifetime_seconds', 7200),
              NULL, NULL, NULL, NULL, 0, 0, 1, 1000, 2000 FROM clients)sql");
    connection.query("INSERT INTO secrets VALUES ('s-1', 'old', ?, 'abcd', 3, 'op-1', 1000, 1500)")
        .blob(hasher.hash("old", value_of('x').reveal()))
        .run();
    connection.execute("INSERT INTO client_tombstones VALUES ('gone', 'uid-9', 12, 1000)");
  }
  const auto database = Database::open(file).value();
  const apiclient::test::FakeClock clock;
  ClientStore store(*database, hasher, clock, {});
  const auto client = store.find("old").value().value();
  EXPECT_FALSE(client.disabled);
  EXPECT_EQ(client.version, 7);
  EXPECT_EQ(client.mark, a_mark(3));
  const auto known = store.find_authenticable("old").value().value();
  EXPECT_FALSE(known.disabled);
  ASSERT_EQ(known.secrets.size(), 1U);
  EXPECT_TRUE(equal_hashes(known.secrets.at(0).hash, hasher.hash("old", value_of('x').reveal())));
  EXPECT_EQ(TokenLifetimes::load(*database).value()->longest(), std::chrono::hours(2))
      << "tokens of these clients may be alive";
  EXPECT_TRUE(store.set_disabled("old", true, {}));
  EXPECT_TRUE(store.find("old").value().value().disabled);
}

TEST(Migrations, FileOfANewerProgramIsRefused) {
  TemporaryFolder folder;
  const std::string file = folder.file("registry.db");
  {
    Connection connection(file, Connection::Mode::read_write);
    connection.execute("PRAGMA user_version = 999");
  }
  const auto database = Database::open(file);
  ASSERT_FALSE(database);
  EXPECT_NE(database.error().message.find("schema version 999"), std::string::npos)
      << database.error().message;
}

TEST(Migrations, FailedStepLeavesTheVersionBefore) {
  TemporaryFolder folder;
  const std::string file = folder.file("registry.db");
  {
    Connection connection(file, Connection::Mode::read_write);
    ASSERT_TRUE(migrate_to(connection, 1));
    connection.execute("CREATE TABLE client_tombstones (note TEXT)");
  }
  EXPECT_FALSE(Database::open(file));
  Connection connection(file, Connection::Mode::read_write);
  EXPECT_EQ(version_of(connection), 1);
  EXPECT_FALSE(has(connection, "clients_by_owner"));
}

}  // namespace
}  // namespace apiclient::registry::test
