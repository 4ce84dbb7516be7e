#include "registry/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "json/json.h"
#include "registry/private_file.h"
#include "registry/token_signer.h"
#include "unit/registry/row_name.h"
#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;

TEST(KeyFile, IsCreatedOnceAndReadAgain) {
  TemporaryFolder folder;
  const auto path = folder.file("keys.json");
  const auto created = load_keys(path, true);
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_TRUE(created->created);
  EXPECT_EQ(created->hash_key.size(), 32U);
  EXPECT_TRUE(TokenSigner::make(created->signing_key));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);

  const auto again = load_keys(path, true);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_TRUE(again->hash_key == created->hash_key);
  EXPECT_TRUE(again->signing_key == created->signing_key);
}

TEST(KeyFile, MissingOneIsAnErrorUnlessAskedFor) {
  TemporaryFolder folder;
  const auto keys = load_keys(folder.file("keys.json"), false);
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr("--create-missing-keys"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("keys.json")));
}

TEST(KeyFile, TwoInstallationsHaveDifferentKeys) {
  TemporaryFolder folder;
  const auto one = load_keys(folder.file("one"), true);
  const auto two = load_keys(folder.file("two"), true);
  EXPECT_FALSE(one->hash_key == two->hash_key);
  EXPECT_FALSE(one->signing_key == two->signing_key);
}

TEST(KeyFile, FileOpenToOthersIsNoticed) {
  TemporaryFolder folder;
  const auto path = folder.file("keys.json");
  ASSERT_TRUE(load_keys(path, true));
  EXPECT_FALSE(load_keys(path, false)->readable_by_others);
  ::chmod(path.c_str(), 0604);
  EXPECT_TRUE(load_keys(path, false)->readable_by_others);
}

struct Row {
  std::string name;
  Json patch;
  std::string expected;
  friend void PrintTo(const Row& row, std::ostream* stream) { *stream << row.name; }
};

class BrokenKeyFile : public ::testing::TestWithParam<Row> {};

TEST_P(BrokenKeyFile, IsRefusedAndNamed) {
  TemporaryFolder folder;
  const auto path = folder.file("keys.json");
  ASSERT_TRUE(load_keys(path, true));
  auto document = Json::parse(TemporaryFolder::read(path));
  const auto hash_key = document.at("hash_key").get<std::string>();
  document.merge_patch(GetParam().patch);
  TemporaryFolder::write(path, document.dump());
  const auto keys = load_keys(path, true);
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr(GetParam().expected));
  EXPECT_THAT(keys.error().message, HasSubstr(path));
  EXPECT_THAT(keys.error().message, ::testing::Not(HasSubstr(hash_key)));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BrokenKeyFile,
    ::testing::Values(Row{"OtherVersion", {{"version", 2}}, "version: must be 1"},
                      Row{"ShortHashKey", {{"hash_key", "AAAA"}}, "hash_key: must be 32 bytes"},
                      Row{"NoSigningKey", {{"signing_key", nullptr}}, "signing_key: must be"}),
    test::RowName());

TEST(KeyFile, GarbageIsRefusedAndLeftAlone) {
  TemporaryFolder folder;
  const auto path = folder.file("keys.json");
  TemporaryFolder::write(path, "garbage");
  EXPECT_FALSE(load_keys(path, true));
  EXPECT_EQ(TemporaryFolder::read(path), "garbage");
}

TEST(PrivateFile, IsNeverOverwritten) {
  TemporaryFolder folder;
  const auto path = folder.file("file");
  ASSERT_TRUE(create_private_file(path, Secret("first")));
  const auto second = create_private_file(path, Secret("second"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::already_exists);
  EXPECT_EQ(TemporaryFolder::read(path), "first");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
      << "no draft is left behind";
}

TEST(PrivateFile, MissingAndUnreadableAreDifferentAnswers) {
  TemporaryFolder folder;
  const auto missing = read_private_file(folder.file("missing"));
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing->has_value());
  EXPECT_FALSE(read_private_file(folder.path()));
}

}  // namespace
}  // namespace apiclient::registry::test
