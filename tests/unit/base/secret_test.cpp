#include "base/secret.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

#include "support/matchers.h"
#include "telemetry/log.h"

namespace apiclient::test {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

// That a secret cannot be shown by accident is checked by the compiler.
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!Streamable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<telemetry::Field, std::string_view, const Secret&>);
static_assert(!std::is_convertible_v<const char*, Secret>);
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

TEST(Secret, RevealsWhatWasPutIn) {
  const Secret secret("correct horse");
  EXPECT_EQ(secret.reveal(), "correct horse");
  EXPECT_EQ(secret.size(), 13U);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, MovingLeavesNothingBehind) {
  Secret from("short");
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "short");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): this is the test
}

TEST(Secret, EqualityLooksAtAllOfIt) {
  EXPECT_TRUE(Secret("abc") == Secret("abc"));
  EXPECT_FALSE(Secret("abc") == Secret("abd"));
  EXPECT_FALSE(Secret("abc") == Secret("abcd"));
  EXPECT_FALSE(Secret("abc") == Secret());
  EXPECT_TRUE(Secret() == Secret());
}

TEST(Secret, CloneIsAnotherCopy) {
  const Secret first("abc");
  const Secret second = first.clone();
  EXPECT_EQ(second.reveal(), "abc");
  EXPECT_NE(first.reveal().data(), second.reveal().data());
}

TEST(Secret, GoogleTestPrintsAFixedWord) {
  EXPECT_EQ(::testing::PrintToString(Secret("hunter2hunter2")), "<secret>");
}

TEST(ZeroizingAllocator, WipesMemoryBeforeItIsGivenBack) {
  // The allocator's last act is to wipe; a view of the memory taken before would be undefined, so the wiping
  // is seen through a container that shrinks in place.
  std::string text = "hunter2hunter2hunter2";
  const char* const start = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  text.resize(size);  // within capacity: the same memory
  ASSERT_EQ(text.data(), start);
  EXPECT_EQ(text, std::string(size, '\0'));
}

struct HintCase {
  std::string name;
  std::size_t size;
  std::string hint;
};
void PrintTo(const HintCase& row, std::ostream* out) { *out << row.name; }

class Hints : public ::testing::TestWithParam<HintCase> {};

TEST_P(Hints, AreGivenForLongSecretsOnly) {
  std::string text(GetParam().size, 'x');
  text.replace(text.size() - 4, 4, "wxyz");
  EXPECT_EQ(hint_of(Secret(text)), GetParam().hint);
}

INSTANTIATE_TEST_SUITE_P(Rows, Hints,
                         ::testing::Values(HintCase{"Short", 4, ""}, HintCase{"JustTooShort", 31, ""},
                                           HintCase{"LongEnough", 32, "wxyz"},
                                           HintCase{"Generated", 43, "wxyz"}),
                         RowName());

}  // namespace
}  // namespace apiclient::test
