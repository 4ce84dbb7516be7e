#include "registry/revoked_tokens.h"

#include <gtest/gtest.h>

#include "unit/registry/store_world.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;

std::int64_t rows_of(Database& database) {
  return database
      .read([](Connection& connection) -> Result<std::int64_t> {
        Query query = connection.query("SELECT count(*) FROM revoked_tokens");
        return query.next() ? query.integer_at(0) : -1;
      })
      .value();
}

TEST(RevokedTokens, AreKnownAlsoAfterReopening) {
  StoreWorld world;
  RevokedTokens revoked(*world.database, world.clock);
  EXPECT_FALSE(revoked.contains("t-1").value());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(revoked.revoke("t-1", world.clock.wall_now() + 60s));
  EXPECT_TRUE(revoked.contains("t-1").value());
  EXPECT_FALSE(revoked.contains("t-2").value());
  const auto reopened = Database::open(world.folder.file("registry.db")).value();
  EXPECT_TRUE(RevokedTokens(*reopened, world.clock).contains("t-1").value());
}

TEST(RevokedTokens, AreForgottenWhenTheyExpire) {
  StoreWorld world;
  RevokedTokens revoked(*world.database, world.clock);
  ASSERT_TRUE(revoked.revoke("short", world.clock.wall_now() + 60s));
  ASSERT_TRUE(revoked.revoke("long", world.clock.wall_now() + 600s));
  world.clock.advance(60s);
  ASSERT_TRUE(revoked.revoke("next", world.clock.wall_now() + 60s));
  EXPECT_EQ(rows_of(*world.database), 2);
  EXPECT_TRUE(revoked.contains("long").value());
}

}  // namespace
}  // namespace apiclient::registry::test
