#include "registry/rotate_key_command.h"

#include <gtest/gtest.h>

#include "registry/key_file.h"
#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {
namespace {

std::string key_file_of(const std::vector<std::string>& arguments) {
  const auto parsed = parse_rotate_key_options(arguments);
  const auto* options = std::get_if<RotateKeyOptions>(&parsed);
  return options == nullptr ? "exit " + std::to_string(std::get<EarlyExit>(parsed).code) : options->key_file;
}

TEST(RotateKeyOptions, NameTheFile) {
  EXPECT_EQ(key_file_of({"--key-file", "k"}), "k");
  EXPECT_EQ(key_file_of({"--data-dir", "d"}), "d/keys.json");
  EXPECT_EQ(key_file_of({"--data-dir", "d", "--key-file", "k"}), "k");
  EXPECT_EQ(key_file_of({}), "exit 2");
  EXPECT_EQ(key_file_of({"--no-such-flag"}), "exit 2");
  EXPECT_EQ(key_file_of({"--help"}), "exit 0");
}

TEST(RotateKey, SaysWhatItDid) {
  const TemporaryFolder folder;
  const auto file = folder.file("keys.json");
  const auto missing = rotate_key({.key_file = file});
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.output.find(file), std::string::npos);
  ASSERT_TRUE(load_keys(file, true));
  const auto done = rotate_key({.key_file = file});
  EXPECT_EQ(done.code, 0);
  EXPECT_TRUE(done.output.starts_with("new signing key ")) << done.output;
  EXPECT_EQ(load_keys(file, false).value().previous.size(), 1U);
}

}  // namespace
}  // namespace apiclient::registry::test
