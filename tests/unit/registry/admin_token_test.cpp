#include "registry/admin_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/log_capture.h"
#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFirst = "first-token-of-the-test";
constexpr const char* kSecond = "other-token-of-the-test";

class AdminTokenFile : public ::testing::Test {
 protected:
  AdminTokenFile() { TemporaryFolder::write(path_, kFirst + std::string("\n")); }
  std::unique_ptr<AdminToken> load() { return AdminToken::load(path_, false, {}).value(); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.file("token");
};

TEST_F(AdminTokenFile, AcceptsItsBearerTokenOnly) {
  const auto token = load();
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  EXPECT_TRUE(token->accepts(std::string("bearer  ") + kFirst));
  for (const auto& other : {std::string(), std::string("Bearer "), std::string("Bearer"), std::string(kFirst),
                            std::string("Basic ") + kFirst, std::string("Bearer ") + kSecond,
                            std::string("Bearer ") + kFirst + "x", std::string("Bearer first")})
    EXPECT_FALSE(token->accepts(other)) << other;
}

TEST_F(AdminTokenFile, RenamedOverIsPickedUp) {
  const auto token = load();
  ASSERT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  TemporaryFolder::write(folder_.file("next"), kSecond);
  std::filesystem::rename(folder_.file("next"), path_);
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kSecond));
  EXPECT_FALSE(token->accepts(std::string("Bearer ") + kFirst));
}

// Same size, same inode, perhaps the same timestamp: only reading again can tell.
TEST_F(AdminTokenFile, RewrittenInPlaceAtOnceIsPickedUp) {
  const auto token = load();
  for (int i = 0; i < 20; ++i) {
    const auto* next = i % 2 == 0 ? kSecond : kFirst;
    TemporaryFolder::write(path_, next);
    EXPECT_TRUE(token->accepts(std::string("Bearer ") + next)) << i;
  }
}

TEST_F(AdminTokenFile, SwappedLinkIsPickedUp) {
  TemporaryFolder::write(folder_.file("a"), kFirst);
  TemporaryFolder::write(folder_.file("b"), kSecond);
  const std::string link = folder_.file("link");
  std::filesystem::create_symlink("a", link);
  const auto token = AdminToken::load(link, false, {}).value();
  ASSERT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  std::filesystem::create_symlink("b", folder_.file("new-link"));
  std::filesystem::rename(folder_.file("new-link"), link);
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kSecond));
}

TEST_F(AdminTokenFile, LastTokenStaysWhileTheFileIsUnusable) {
  const auto token = load();
  const apiclient::test::LogCapture capture;
  std::filesystem::remove(path_);
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  EXPECT_EQ(capture.lines().size(), 1U) << "one complaint, not one per request";
  TemporaryFolder::write(path_, "");
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kFirst));
  EXPECT_FALSE(token->accepts("Bearer "));
  TemporaryFolder::write(path_, kSecond);
  EXPECT_TRUE(token->accepts(std::string("Bearer ") + kSecond));
  EXPECT_THAT(capture.text(), Not(::testing::AnyOf(HasSubstr(kFirst), HasSubstr(kSecond))));
}

TEST_F(AdminTokenFile, ShortTokenIsRefused) {
  TemporaryFolder::write(path_, "short");
  EXPECT_FALSE(AdminToken::load(path_, false, {}));
}

TEST_F(AdminTokenFile, MissingFileIsCreatedOnlyWhenAsked) {
  const std::string path = folder_.file("missing");
  EXPECT_FALSE(AdminToken::load(path, false, {}));
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto token = AdminToken::load(path, true, {}).value();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(TemporaryFolder::read(path).size(), 43U);
  EXPECT_TRUE(token->accepts("Bearer " + TemporaryFolder::read(path)));
}

TEST_F(AdminTokenFile, FileOpenToOthersIsReported) {
  ::chmod(path_.c_str(), 0644);
  const apiclient::test::LogCapture capture;
  load();
  EXPECT_THAT(capture.text(), HasSubstr("open to other users"));
}

}  // namespace
}  // namespace apiclient::registry::test
