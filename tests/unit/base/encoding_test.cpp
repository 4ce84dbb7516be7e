#include "base/encoding.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

struct Encoding {
  std::string name;
  std::string bytes;
  std::string base64;
  std::string base64url;
  std::string hex;
};
void PrintTo(const Encoding& row, std::ostream* out) { *out << row.name; }

class Encodings : public ::testing::TestWithParam<Encoding> {};

TEST_P(Encodings, GoBothWays) {
  const auto& row = GetParam();
  EXPECT_EQ(base64_encode(row.bytes), row.base64);
  EXPECT_EQ(base64url_encode(row.bytes), row.base64url);
  EXPECT_EQ(hex_encode(row.bytes), row.hex);
  EXPECT_EQ(base64_decode(row.base64), row.bytes);
  EXPECT_EQ(base64url_decode(row.base64url), row.bytes);
}

// The first six are the vectors of RFC 4648 §10.
INSTANTIATE_TEST_SUITE_P(Rows, Encodings,
                         ::testing::Values(Encoding{"Empty", "", "", "", ""},
                                           Encoding{"One", "f", "Zg==", "Zg", "66"},
                                           Encoding{"Two", "fo", "Zm8=", "Zm8", "666f"},
                                           Encoding{"Three", "foo", "Zm9v", "Zm9v", "666f6f"},
                                           Encoding{"Four", "foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
                                           Encoding{"Six", "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
                                           Encoding{"Alphabets", "\xfb\xff\xbf", "+/+/", "-_-_", "fbffbf"},
                                           Encoding{"Zeros", std::string(3, '\0'), "AAAA", "AAAA", "000000"}),
                         RowName());

struct BadText {
  std::string name;
  std::string text;
};
void PrintTo(const BadText& row, std::ostream* out) { *out << row.name; }

class BadBase64 : public ::testing::TestWithParam<BadText> {};

TEST_P(BadBase64, IsRefused) { EXPECT_EQ(base64_decode(GetParam().text), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(Rows, BadBase64,
                         ::testing::Values(BadText{"NoPadding", "Zg"}, BadText{"TooMuchPadding", "Z==="},
                                           BadText{"PaddingInside", "Zg==Zg=="},
                                           BadText{"OtherAlphabet", "-_-_"}, BadText{"Letter", "Zm9v!Zm9"},
                                           BadText{"OnlyPadding", "===="}),
                         RowName());

TEST(Base64, LineBreaksAreAccepted) { EXPECT_EQ(base64_decode("Zm9v\nYmFy\r\n"), "foobar"); }

TEST(Base64Url, PaddingAndTheOtherAlphabetAreRefused) {
  EXPECT_EQ(base64url_decode("Zg=="), std::nullopt);
  EXPECT_EQ(base64url_decode("+/+/"), std::nullopt);
  EXPECT_EQ(base64url_decode("Z"), std::nullopt);
}

}  // namespace
}  // namespace apiclient::test
