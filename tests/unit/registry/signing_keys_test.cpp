#include "registry/signing_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "registry/issued_token.h"
#include "registry/private_file.h"
#include "unit/registry/jwt_verifier.h"
#include "unit/registry/public_world.h"
#include "unit/registry/row_name.h"

namespace apiclient::registry::test {
namespace {

using namespace std::chrono_literals;

struct NeedRow {
  std::string name;
  std::chrono::seconds age;
  std::chrono::seconds longest_life;
  bool needed;
  friend void PrintTo(const NeedRow& row, std::ostream* stream) { *stream << row.name; }
};

class KeysStillNeeded : public ::testing::TestWithParam<NeedRow> {};

TEST_P(KeysStillNeeded, AsLongAsTokensMayLive) {
  const WallTime now(24h);
  const std::vector<PreviousKey> previous{{.public_jwk = "{}", .retired_at = now - GetParam().age}};
  EXPECT_EQ(keys_still_needed(previous, GetParam().longest_life, now).size(), GetParam().needed ? 1U : 0U);
}

INSTANTIATE_TEST_SUITE_P(Rows, KeysStillNeeded,
                         ::testing::Values(NeedRow{"JustRetired", 0s, 1h, true},
                                           NeedRow{"OneLifeAndAnHourLess", 2h - 1s, 1h, true},
                                           NeedRow{"OneLifeAndAnHour", 2h, 1h, false},
                                           NeedRow{"LongLife", 20h, 20h, true},
                                           NeedRow{"RetiredInTheFuture", -1h, 1h, true}),
                         test::RowName());

struct KeysWorld : PublicWorld {
  [[nodiscard]] std::vector<std::string> published() const {
    std::vector<std::string> ids;
    const Json set = Json::parse(signing_keys->key_set());
    for (const auto& key : set.at("keys")) {
      EXPECT_FALSE(key.contains("d"));
      ids.push_back(key.at("kid"));
    }
    return ids;
  }
  std::string rotate() { return rotate_signing_key(key_file, clock.wall_now()).value(); }
  [[nodiscard]] bool verifies_with_published(const std::string& token) const {
    const auto jwt = split_jwt(token).value();
    const Json set = Json::parse(signing_keys->key_set());
    for (const auto& key : set.at("keys"))
      if (key.at("kid") == jwt.header.at("kid") && verifies(jwt, key)) return true;
    return false;
  }
};

TEST(SigningKeys, NewKeySignsAndTheOldOneStaysPublished) {
  KeysWorld world;
  const auto first = world.signing_keys->key_id();
  const auto old_token = world.signing_keys->sign({{"sub", "a"}}).value();
  const auto second = world.rotate();
  EXPECT_NE(second, first);
  EXPECT_EQ(world.signing_keys->key_id(), second);
  EXPECT_EQ(world.published(), (std::vector{second, first}));
  const auto new_token = world.signing_keys->sign({{"sub", "a"}}).value();
  EXPECT_EQ(split_jwt(new_token)->header.at("kid"), second);
  EXPECT_TRUE(world.verifies_with_published(old_token));
  EXPECT_TRUE(world.verifies_with_published(new_token));
}

TEST(SigningKeys, OldKeyGoesWhenItsLastTokenHasExpired) {
  KeysWorld world;
  ASSERT_TRUE(world.lifetimes->note(5h));
  const auto second = world.rotate();
  world.clock.advance(6h - 1s);
  EXPECT_EQ(world.published().size(), 2U);
  world.clock.advance(1s);
  EXPECT_EQ(world.published(), std::vector{second});
}

TEST(SigningKeys, SeveralRotationsOverlap) {
  KeysWorld world;
  const auto first = world.signing_keys->key_id();
  const auto second = world.rotate();
  world.clock.advance(90min);
  const auto third = world.rotate();
  EXPECT_EQ(world.published(), (std::vector{third, first, second}));
  world.clock.advance(40min);
  EXPECT_EQ(world.published(), (std::vector{third, second}));
}

TEST(SigningKeys, FileThatIsNoGoodChangesNothing) {
  KeysWorld world;
  const auto before = world.published();
  const auto good = TemporaryFolder::read(world.key_file);
  Json other_hash = Json::parse(good);
  other_hash["hash_key"] = std::string(43, 'A');
  for (const auto& content : {std::string("junk"), std::string(), other_hash.dump()}) {
    TemporaryFolder::write(world.key_file, content);
    EXPECT_EQ(world.published(), before);
  }
  std::filesystem::remove(world.key_file);
  EXPECT_EQ(world.published(), before);
  TemporaryFolder::write(world.key_file, good);
  const auto next = world.rotate();
  EXPECT_EQ(world.published().front(), next);
}

TEST(RotateSigningKey, KeepsHashKeyAndUnknownMembersAndForgetsPrivateParts) {
  KeysWorld world;
  Json before = Json::parse(TemporaryFolder::read(world.key_file));
  before["note"] = "keep me";
  TemporaryFolder::write(world.key_file, before.dump());
  for (int i = 0; i < 3; ++i) world.rotate();
  const auto text = TemporaryFolder::read(world.key_file);
  const Json after = Json::parse(text);
  EXPECT_EQ(after.at("hash_key"), before.at("hash_key"));
  EXPECT_EQ(after.at("note"), "keep me");
  EXPECT_EQ(after.at("previous_signing_keys").size(), 3U);
  EXPECT_EQ(text.find(before.at("signing_key").at("d").get<std::string>()), std::string::npos);
  EXPECT_TRUE(load_keys(world.key_file, false).value().hash_key == world.keys.hash_key);
}

TEST(RotateSigningKey, FileIsForItsOwnerOnlyAndNothingIsLeftBehind) {
  KeysWorld world;
  ::chmod(world.key_file.c_str(), 0644);
  world.rotate();
  struct stat status {};
  ASSERT_EQ(::stat(world.key_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(world.folder.path()))
    files.insert(entry.path().filename());
  EXPECT_EQ(files.count("keys.json"), 1U);
  for (const auto& file : files) EXPECT_FALSE(file.starts_with("keys.json.")) << file;
}

TEST(RotateSigningKey, ForgetsKeysThatNoTokenCanNeed) {
  KeysWorld world;
  world.rotate();
  world.clock.advance(24h * 366 * 11);
  world.rotate();
  EXPECT_EQ(Json::parse(TemporaryFolder::read(world.key_file)).at("previous_signing_keys").size(), 1U);
}

TEST(RotateSigningKey, NeedsAGoodFile) {
  KeysWorld world;
  EXPECT_EQ(rotate_signing_key(world.folder.file("nothing"), world.clock.wall_now()).error().kind,
            ErrorKind::not_found);
  TemporaryFolder::write(world.key_file, "junk");
  EXPECT_FALSE(rotate_signing_key(world.key_file, world.clock.wall_now()));
  EXPECT_EQ(TemporaryFolder::read(world.key_file), "junk");
}

TEST(TokenLifetimes, RemembersTheLongest) {
  StoreWorld world;
  const auto lifetimes = TokenLifetimes::load(*world.database).value();
  EXPECT_EQ(lifetimes->longest(), 1h) << "the default";
  ASSERT_TRUE(lifetimes->note(600s));
  EXPECT_EQ(lifetimes->longest(), 1h);
  ASSERT_TRUE(lifetimes->note(5h));
  ASSERT_TRUE(lifetimes->note(2h));
  EXPECT_EQ(lifetimes->longest(), 5h);
  const auto reopened = Database::open(world.folder.file("registry.db")).value();
  EXPECT_EQ(TokenLifetimes::load(*reopened).value()->longest(), 5h);
}

}  // namespace
}  // namespace apiclient::registry::test
