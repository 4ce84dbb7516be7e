#include "backend/request_governor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "support/fake_clock.h"
#include "support/matchers.h"
#include "support/scripted_transport.h"

namespace apiclient::backend {
namespace {

using namespace std::chrono_literals;
using http::Method;
using test::has_error;
using test::is_ok;

Error refused() { return {.kind = ErrorKind::unavailable, .message = "connection refused"}; }

class RequestGovernorTest : public ::testing::Test {
 protected:
  Result<http::Response> ask(Caller caller = Caller::client, RequestGovernor* governor = nullptr) {
    return (governor != nullptr ? *governor : governor_).send(transport_, caller, {.path = "/"}, {});
  }

  test::FakeClock clock_;
  test::ScriptedTransport transport_;
  RequestGovernor governor_{{}, clock_};
};

TEST_F(RequestGovernorTest, WhatPassesIsUntouched) {
  transport_.expect(Method::get, "/", 200, "body");
  const auto response = ask();
  ASSERT_THAT(response, is_ok());
  EXPECT_EQ(response->body, "body");
}

TEST_F(RequestGovernorTest, ThreeFailuresAndNoMoreCalls) {
  for (int i = 0; i < 3; ++i) transport_.expect(Method::get, "/", refused());
  EXPECT_EQ(ask().error().code, "");
  EXPECT_EQ(ask().error().code, "");
  EXPECT_EQ(ask().error().code, kCircuitOpen) << "nobody repeats it";
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask().error().code, kCircuitOpen);
  EXPECT_EQ(transport_.requests().size(), 3U);
}

TEST_F(RequestGovernorTest, AProbePassesAndItsSuccessOpensTheWay) {
  governor_.probe_failed(refused());
  EXPECT_THAT(ask(), has_error(ErrorKind::unavailable));
  transport_.expect(Method::get, "/", 200).expect(Method::get, "/", 200);
  ASSERT_THAT(ask(Caller::probe), is_ok());
  EXPECT_THAT(ask(), has_error(ErrorKind::unavailable)) << "one request is not yet a probe";
  governor_.probe_succeeded();
  EXPECT_THAT(ask(), is_ok());
}

TEST_F(RequestGovernorTest, APauseHoldsForEverybodyAndEndsByItself) {
  transport_.expect(Method::get, "/", {.status_code = 429, .headers = {{"Retry-After", "60"}}});
  ASSERT_THAT(ask(), is_ok()) << "the answer itself is the caller's";
  EXPECT_EQ(ask(Caller::probe).error().retry_after, 60s);
  EXPECT_EQ(ask().error().retry_after, 60s);
  clock_.advance(60s);
  transport_.expect(Method::get, "/", 200);
  EXPECT_THAT(ask(), is_ok());
}

TEST_F(RequestGovernorTest, TooManyRequestsAreSentAwayWithATime) {
  RequestGovernor slow({.requests_per_second = 1, .burst = 20}, clock_);
  for (int i = 0; i < 20; ++i) {
    transport_.expect(Method::get, "/", 200);
    ASSERT_THAT(ask(Caller::client, &slow), is_ok());
  }
  std::stop_source stopped;
  stopped.request_stop();
  // Each takes a place in the line and leaves it without a request.
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(slow.send(transport_, Caller::client, {.path = "/"}, stopped.get_token()),
                has_error(ErrorKind::cancelled));
  }
  const auto refusal = slow.send(transport_, Caller::client, {.path = "/"}, stopped.get_token());
  ASSERT_THAT(refusal, has_error(ErrorKind::throttled));
  EXPECT_EQ(refusal.error().code, kRateLimited);
  EXPECT_EQ(refusal.error().retry_after, 11s);
}

/// Answers when it is told to.
class HeldTransport final : public http::Transport {
 public:
  Result<http::Response> send(const http::Request& /*request*/, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_.load(), ++inside_);
    arrived_.notify_all();
    released_.wait(lock, stop, [this] { return open_; });
    --inside_;
    return http::Response{.status_code = 200};
  }
  Result<http::Response> stream(const http::Request&, const OnChunk&, std::stop_token) override {
    return fail(ErrorKind::internal, "not used");
  }
  void wait_for_one() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return inside_ > 0; });
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    released_.notify_all();
  }
  [[nodiscard]] int most() const { return most_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any released_;
  std::condition_variable arrived_;
  bool open_ = false;
  int inside_ = 0;
  std::atomic<int> most_ = 0;
};

TEST_F(RequestGovernorTest, NoMoreAtOnceThanAllowed) {
  RequestGovernor narrow({.max_in_flight = 1}, clock_);
  HeldTransport held;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&](const std::stop_token& stop) {
        if (narrow.send(held, Caller::client, {.path = "/"}, stop)) ++answered;
      });
    }
    held.wait_for_one();
    transport_.expect(Method::get, "/", 200);
    EXPECT_THAT(ask(Caller::probe, &narrow), is_ok()) << "a probe needs no place";
    held.release();
    for (auto& caller : callers) caller.join();
  }
  EXPECT_EQ(answered, 4);
  EXPECT_EQ(held.most(), 1);
}

}  // namespace
}  // namespace apiclient::backend
