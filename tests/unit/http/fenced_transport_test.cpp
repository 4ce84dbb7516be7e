#include "http/fenced_transport.h"

#include <gmock/gmock.h>

#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::test {
namespace {

using http::FencedTransport;
using http::Method;

class FencedTransportTest : public ::testing::TestWithParam<Method> {};

TEST_P(FencedTransportTest, AWriteWithoutTheLeaseIsNotSent) {
  ScriptedTransport inner;
  FencedTransport fenced(inner, [] { return false; });
  EXPECT_THAT(fenced.send({.method = GetParam(), .path = "/a"}, {}), has_error(ErrorKind::cancelled));
  EXPECT_THAT(fenced.stream({.method = GetParam(), .path = "/a"},
                            [](std::string_view) { return Result<void>(); }, {}),
              has_error(ErrorKind::cancelled));
  EXPECT_TRUE(inner.requests().empty());
}

TEST_P(FencedTransportTest, AWriteWithTheLeasePasses) {
  ScriptedTransport inner;
  inner.expect(GetParam(), "/a", 200);
  FencedTransport fenced(inner, [] { return true; });
  EXPECT_THAT(fenced.send({.method = GetParam(), .path = "/a"}, {}), is_ok());
}

INSTANTIATE_TEST_SUITE_P(Writes, FencedTransportTest,
                         ::testing::Values(Method::post, Method::put, Method::patch, Method::del),
                         [](const auto& row) { return std::string(to_string(row.param)); });

TEST(FencedTransport, ReadsAlwaysPassAndDoNotAsk) {
  ScriptedTransport inner;
  inner.expect(Method::get, "/a", 200).expect_stream("/b", {"x"});
  FencedTransport fenced(inner, []() -> bool { throw std::logic_error("not asked for reads"); });
  EXPECT_THAT(fenced.send({.path = "/a"}, {}), is_ok());
  std::string seen;
  const auto end = fenced.stream({.path = "/b"},
                                 [&](std::string_view chunk) -> Result<void> {
                                   seen += chunk;
                                   return {};
                                 },
                                 {});
  EXPECT_THAT(end, is_ok());
  EXPECT_EQ(seen, "x");
}

TEST(FencedTransport, TheLeaseIsAskedForEachWrite) {
  ScriptedTransport inner;
  inner.expect(Method::post, "/1", 201);
  int asked = 0;
  FencedTransport fenced(inner, [&] { return ++asked == 1; });
  EXPECT_THAT(fenced.send({.method = Method::post, .path = "/1"}, {}), is_ok());
  EXPECT_THAT(fenced.send({.method = Method::post, .path = "/2"}, {}), has_error(ErrorKind::cancelled));
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace apiclient::test
