#include "http/exchange.h"

#include <gmock/gmock.h>

#include <thread>

#include "support/matchers.h"

namespace apiclient::test {
namespace {

using namespace std::chrono_literals;
using http::Exchange;
using Progress = Exchange::Progress;

BootTime soon() { return BootClock::now() + 20s; }

/// Remembers what the library is told about a chunk.
struct Taken {
  std::optional<bool> wanted;
  std::function<void(bool)> call() {
    return [this](bool value) { wanted = value; };
  }
};

TEST(Exchange, CollectsTheBody) {
  Exchange exchange(true, 100);
  Taken first;
  Taken second;
  exchange.offer("hel", first.call());  // the head may come later than the first bytes
  exchange.set_head({.status_code = 200});
  exchange.offer("lo", second.call());
  exchange.finish({});
  EXPECT_EQ(exchange.wait_finished({}, soon()), Progress::made);
  EXPECT_EQ(first.wanted, true);
  EXPECT_EQ(second.wanted, true);
  const auto result = exchange.take_result();
  ASSERT_THAT(result, is_ok());
  EXPECT_EQ(result->status_code, 200);
  EXPECT_EQ(result->body, "hello");
}

TEST(Exchange, ABodyLongerThanAllowedIsRefusedAndTheErrorStays) {
  Exchange exchange(true, 4);
  exchange.set_head({.status_code = 200});
  Taken fits;
  Taken too_long;
  exchange.offer("1234", fits.call());
  exchange.offer("5", too_long.call());
  EXPECT_EQ(fits.wanted, true);
  EXPECT_EQ(too_long.wanted, false);
  exchange.finish(Error{ErrorKind::unavailable, "the library's idea of it"});
  EXPECT_THAT(exchange.take_result(), has_error(ErrorKind::protocol));
}

TEST(Exchange, AChunkWaitsForTheCaller) {
  Exchange exchange(false, 100);
  Taken taken;
  exchange.set_head({.status_code = 200});
  exchange.offer("chunk", taken.call());
  EXPECT_EQ(exchange.wait_chunk({}, soon()), Progress::made);
  EXPECT_EQ(exchange.chunk(), "chunk");
  EXPECT_EQ(taken.wanted, std::nullopt);
  exchange.release_chunk();
  EXPECT_EQ(taken.wanted, true);
  EXPECT_EQ(exchange.chunk(), std::nullopt);
}

TEST(Exchange, TheEndWakesAllWaits) {
  Exchange exchange(false, 100);
  std::jthread library([&] { exchange.finish(Error{ErrorKind::unavailable, "broken"}); });
  EXPECT_EQ(exchange.wait_head({}, soon()), Progress::made);
  EXPECT_EQ(exchange.wait_chunk({}, soon()), Progress::made);
  EXPECT_EQ(exchange.head().has_value(), false);
  EXPECT_THAT(exchange.take_result(), has_error_text(ErrorKind::unavailable, "broken"));
}

TEST(Exchange, WaitsEndByStopAndByDeadline) {
  Exchange exchange(false, 100);
  EXPECT_EQ(exchange.wait_head({}, BootClock::now() + 10ms), Progress::timed_out);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(exchange.wait_chunk(stop.get_token(), soon()), Progress::stopped);
  EXPECT_EQ(exchange.wait_finished(stop.get_token(), soon()), Progress::stopped);
}

TEST(Exchange, AbandonRefusesTheWaitingChunkAndAllLaterOnes) {
  Exchange exchange(false, 100);
  Taken waiting;
  Taken later;
  exchange.offer("waiting", waiting.call());
  exchange.abandon();
  exchange.offer("later", later.call());
  EXPECT_EQ(waiting.wanted, false);
  EXPECT_EQ(later.wanted, false);
  EXPECT_EQ(exchange.chunk(), std::nullopt);
}

TEST(Exchange, CollectTakesTheWaitingChunkToo) {
  Exchange exchange(false, 100);
  Taken waiting;
  Taken later;
  exchange.set_head({.status_code = 410});
  exchange.offer("too ", waiting.call());
  exchange.collect();
  exchange.offer("old", later.call());
  exchange.finish({});
  EXPECT_EQ(waiting.wanted, true);
  EXPECT_EQ(later.wanted, true);
  EXPECT_EQ(exchange.take_result()->body, "too old");
}

TEST(Exchange, AnOversizedChunkIsAnErrorInBothModes) {
  for (const bool collecting : {true, false}) {
    Exchange exchange(collecting, 4);
    Taken taken;
    exchange.set_head({.status_code = 200});
    exchange.offer("12345", taken.call());
    EXPECT_EQ(taken.wanted, false);
    exchange.finish({});
    EXPECT_THAT(exchange.take_result(), has_error(ErrorKind::protocol));
  }
}

TEST(Exchange, AnEndWithoutHeadOrErrorIsABug) {
  Exchange exchange(true, 4);
  exchange.finish({});
  EXPECT_THAT(exchange.take_result(), has_error(ErrorKind::internal));
}

TEST(Exchange, ReleaseIsAnnouncedSeparatelyFromTheEnd) {
  Exchange exchange(true, 4);
  exchange.finish({});
  EXPECT_EQ(exchange.wait_released(BootClock::now() + 5ms), Progress::timed_out);
  std::jthread library([&] { exchange.release(); });
  EXPECT_EQ(exchange.wait_released(soon()), Progress::made);
}

}  // namespace
}  // namespace apiclient::test
