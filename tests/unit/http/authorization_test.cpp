#include "http/authorization.h"

#include <gtest/gtest.h>

namespace apiclient::http {
namespace {

TEST(Authorization, HasCredentialsBehindItsScheme) {
  EXPECT_EQ(credentials_of("Bearer abc", "Bearer"), "abc");
  EXPECT_EQ(credentials_of("bEARER   abc\t", "Bearer"), "abc");
  EXPECT_EQ(credentials_of("Digest a=1, b=2", "Digest"), "a=1, b=2");
}

TEST(Authorization, OfAnotherSchemeHasNone) {
  EXPECT_EQ(credentials_of("Basic abc", "Bearer"), "");
  EXPECT_EQ(credentials_of("Bearers abc", "Bearer"), "");
  EXPECT_EQ(credentials_of("Beare abc", "Bearer"), "");
  EXPECT_EQ(credentials_of(" Bearer abc", "Bearer"), "");
  EXPECT_EQ(credentials_of("abc", "Bearer"), "");
}

TEST(Authorization, MayHaveNone) {
  EXPECT_EQ(credentials_of("", "Bearer"), "");
  EXPECT_EQ(credentials_of("Bearer", "Bearer"), "");
  EXPECT_EQ(credentials_of("Bearer  ", "Bearer"), "");
}

}  // namespace
}  // namespace apiclient::http
