#include "http/transport_failure.h"

#include <gtest/gtest.h>

namespace apiclient::http {
namespace {

TEST(DescribeFailure, KnownTextsAreReplacedAndUnknownOnesNeverRepeated) {
  EXPECT_EQ(describe_failure("Failed to connect to any resolved endpoint"), "cannot connect");
  EXPECT_EQ(describe_failure("Failed to write request body"),
            "the connection broke while the request was sent");
  EXPECT_EQ(describe_failure("hunter2"), "the connection failed");
  EXPECT_EQ(describe_failure("Error resolving address: hunter2").find("hunter2"), std::string_view::npos);
  EXPECT_EQ(describe_failure(""), "the connection failed");
}

}  // namespace
}  // namespace apiclient::http
