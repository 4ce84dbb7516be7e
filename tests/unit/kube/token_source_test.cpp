#include "kube/token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"
#include "temporary_directory.h"

namespace apiclient::kube {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

std::string text_of(TokenSource& source) {
  const auto token = source.token();
  return token ? std::string(token->reveal()) : "error: " + token.error().message;
}

class FileTokenTest : public testing::Test {
 protected:
  test::TemporaryDirectory directory;
  test::FakeClock clock;
  std::string path = directory.write("token", "first\n");
  std::unique_ptr<TokenSource> source = make_file_token(path, clock);
};

TEST(TokenSource, FixedTokenStaysAndNoTokenIsEmpty) {
  const auto fixed = make_fixed_token(Secret("abc"));
  fixed->rejected(BootTime::max());
  EXPECT_EQ(text_of(*fixed), "abc");
  EXPECT_EQ(text_of(*make_no_token()), "");
}

TEST_F(FileTokenTest, IsReadAgainAfterFiftySecondsAndNotBefore) {
  EXPECT_EQ(text_of(*source), "first");
  directory.write("token", " second \r\n");
  clock.advance(seconds(49));
  EXPECT_EQ(text_of(*source), "first");
  clock.advance(seconds(1));
  EXPECT_EQ(text_of(*source), "second");
}

TEST_F(FileTokenTest, KeepsTheOldTokenWhenTheFileCannotBeRead) {
  EXPECT_EQ(text_of(*source), "first");
  for (const char* text : {"", " \n", "two words", "bad\x01letter"}) {
    directory.write("token", text);
    clock.advance(seconds(60));
    EXPECT_EQ(text_of(*source), "first");
  }
  std::filesystem::remove(path);
  clock.advance(seconds(60));
  EXPECT_EQ(text_of(*source), "first");
}

TEST_F(FileTokenTest, RejectedTokenIsForgottenAtOnce) {
  EXPECT_EQ(text_of(*source), "first");
  directory.write("token", "second");
  source->rejected(clock.now());
  EXPECT_EQ(text_of(*source), "second");
}

TEST_F(FileTokenTest, RejectionOfAnEarlierTokenLeavesTheNewOneAlone) {
  EXPECT_EQ(text_of(*source), "first");
  const BootTime used_at = clock.now();
  clock.advance(seconds(60));
  directory.write("token", "second");
  EXPECT_EQ(text_of(*source), "second");
  directory.write("token", "third");
  source->rejected(used_at);
  EXPECT_EQ(text_of(*source), "second");
}

TEST_F(FileTokenTest, WithoutAnyTokenTheErrorNamesTheFileAndNotItsContent) {
  for (const char* text : {"", "two words"}) {
    directory.write("token", text);
    const auto token = make_file_token(path, clock)->token();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(token.error().message, HasSubstr(path));
    EXPECT_THAT(token.error().message, testing::Not(HasSubstr("two words")));
  }
}

TEST_F(FileTokenTest, OverlongFileIsNoToken) {
  directory.write("token", std::string(1U << 20U, 'a'));
  EXPECT_FALSE(source->token());
}

}  // namespace
}  // namespace apiclient::kube
