#include "http/exchange_flow.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>
#include <vector>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Exchange;
using http::Response;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMaxBytes = 1000;
const http::Headers kChunked{{"Transfer-Encoding", "chunked"}};

http::StreamTimes patient() { return {.head_deadline = BootClock::now() + 20s, .idle_timeout = 20s}; }

/// The library's part: the next chunk is offered when the one before was taken; the end follows the last.
void play(Exchange& exchange, Response head, std::vector<std::string> chunks, std::optional<Error> end = {}) {
  exchange.set_head(std::move(head));
  for (const std::string& chunk : chunks) {
    std::promise<bool> taken;
    exchange.offer(chunk, [&](bool wanted) { taken.set_value(wanted); });
    if (!taken.get_future().get()) break;
  }
  exchange.finish(std::move(end));
}

class AwaitStream : public ::testing::Test {
 protected:
  Result<Response> await(std::size_t take_at_most = kMaxBytes) {
    return await_stream(exchange_, {}, patient(), [&](std::string_view chunk) {
      taken_.emplace_back(chunk);
      return taken_.size() < take_at_most;
    });
  }

  Exchange exchange_{false, kMaxBytes};
  std::vector<std::string> taken_;
};

TEST_F(AwaitStream, HandsOverEveryChunkAndReturnsTheHead) {
  std::jthread library([&] { play(exchange_, {.status_code = 200, .headers = kChunked}, {"a", "b", "c"}); });
  const auto end = await();
  ASSERT_THAT(end, is_ok());
  EXPECT_EQ(end->status_code, 200);
  EXPECT_EQ(end->body, "");
  EXPECT_THAT(taken_, ElementsAre("a", "b", "c"));
}

TEST_F(AwaitStream, ABrokenEndComesAfterTheChunksThatArrived) {
  std::jthread library([&] {
    play(exchange_, {.status_code = 200, .headers = kChunked}, {"a"},
         Error{ErrorKind::unavailable, "broken"});
  });
  EXPECT_THAT(await(), has_error(ErrorKind::unavailable));
  EXPECT_THAT(taken_, ElementsAre("a"));
}

TEST_F(AwaitStream, OtherStatusesAreCollected) {
  std::jthread library([&] { play(exchange_, {.status_code = 410}, {"too ", "old"}); });
  const auto end = await();
  ASSERT_THAT(end, is_ok());
  EXPECT_EQ(end->body, "too old");
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(AwaitStream, AStreamWithoutFrameIsAProtocolError) {
  exchange_.set_head({.status_code = 200});
  EXPECT_THAT(await(), has_error(ErrorKind::protocol));
}

TEST_F(AwaitStream, NoContentNeedsNoFrame) {
  std::jthread library([&] { play(exchange_, {.status_code = 204}, {}); });
  EXPECT_THAT(await(), is_ok());
}

TEST_F(AwaitStream, TheConsumerCanEndIt) {
  std::jthread library([&] { play(exchange_, {.status_code = 200, .headers = kChunked}, {"a", "b", "c"}); });
  EXPECT_THAT(await(2), has_error(ErrorKind::cancelled));
  EXPECT_THAT(taken_, ElementsAre("a", "b"));
  exchange_.abandon();
}

TEST_F(AwaitStream, NoHeadInTimeIsATimeout) {
  EXPECT_THAT(await_stream(exchange_, {}, {.head_deadline = BootClock::now() + 5ms, .idle_timeout = 20s},
                           [](std::string_view) { return true; }),
              has_error(ErrorKind::timeout));
}

TEST_F(AwaitStream, SilenceAfterTheHeadIsATimeout) {
  exchange_.set_head({.status_code = 200, .headers = kChunked});
  EXPECT_THAT(await_stream(exchange_, {}, {.head_deadline = BootClock::now() + 20s, .idle_timeout = 5ms},
                           [](std::string_view) { return true; }),
              has_error(ErrorKind::timeout));
}

TEST_F(AwaitStream, StopEndsTheSilence) {
  exchange_.set_head({.status_code = 200, .headers = kChunked});
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THAT(await_stream(exchange_, stop.get_token(), patient(), [](std::string_view) { return true; }),
              has_error(ErrorKind::cancelled));
}

TEST(AwaitResponse, IsTheWholeResponseOrTheErrorOrATimeout) {
  Exchange whole(true, kMaxBytes);
  play(whole, {.status_code = 200}, {"a", "b"});
  EXPECT_EQ(await_response(whole, {}, BootClock::now() + 20s)->body, "ab");
  Exchange broken(true, kMaxBytes);
  play(broken, {.status_code = 200}, {"a"}, Error{ErrorKind::unavailable, "broken"});
  EXPECT_THAT(await_response(broken, {}, BootClock::now() + 20s), has_error(ErrorKind::unavailable));
  Exchange silent(true, kMaxBytes);
  EXPECT_THAT(await_response(silent, {}, BootClock::now() + 5ms), has_error(ErrorKind::timeout));
}

}  // namespace
}  // namespace apiclient::test
