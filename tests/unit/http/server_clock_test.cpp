#include "http/server_clock.h"

#include <gmock/gmock.h>

#include "base/rfc3339.h"
#include "support/fake_clock.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::http {
namespace {

using namespace std::chrono_literals;

TEST(HttpDate, IsReadInItsOneForm) {
  const auto time = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_rfc3339(*time), "1994-11-06T08:49:37Z");
  for (const char* other : {"", "yesterday", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37",
                            "Sun, 06 Nov 1994 08:49:37 GMT+1"}) {
    EXPECT_FALSE(parse_http_date(other)) << other;
  }
}

class ServerClockTest : public ::testing::Test {
 protected:
  test::FakeClock clock_;
  ServerClock server_{clock_};
};

TEST_F(ServerClockTest, KnowsNothingBeforeTheFirstAnswer) { EXPECT_EQ(server_.skew(), 0ns); }

TEST_F(ServerClockTest, TimeThatPassesIsNoSkew) {
  server_.saw(clock_.wall_now() - 3s);
  clock_.advance(24h);
  EXPECT_EQ(server_.skew(), 3s);
}

TEST_F(ServerClockTest, ALocalClockThatIsSetShowsAtOnce) {
  server_.saw(clock_.wall_now());
  clock_.set_wall_now(clock_.wall_now() + 24h);
  EXPECT_EQ(server_.skew(), 24h);
  clock_.set_wall_now(clock_.wall_now() - 48h);
  EXPECT_EQ(server_.skew(), -24h);
}

}  // namespace
}  // namespace apiclient::http
