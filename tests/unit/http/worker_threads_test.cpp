#include "http/worker_threads.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <latch>
#include <set>

namespace apiclient::http {
namespace {

bool is_raised(int event_fd) {
  pollfd watched{.fd = event_fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

TEST(WorkerThreads, EveryJobRunsOnce) {
  std::atomic<int> ran = 0;
  WorkerThreads threads(4);
  for (int i = 0; i < 1000; ++i) threads.enqueue([&] { ++ran; });
  threads.shutdown();
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerThreads, JobsRunAtOnceUpToTheLimitAndTheRestWaits) {
  std::latch two_inside(2);
  std::latch go_on(1);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  WorkerThreads threads(2);
  for (int i = 0; i < 4; ++i) {
    threads.enqueue([&] {
      const int mine = ++now;
      most = std::max(most.load(), mine);
      if (mine <= 2 && !two_inside.try_wait()) two_inside.count_down();
      go_on.wait();
      --now;
    });
  }
  two_inside.wait();
  EXPECT_TRUE(threads.under_pressure());
  EXPECT_TRUE(is_raised(threads.pressure_fd()));
  go_on.count_down();
  threads.shutdown();
  EXPECT_EQ(most, 2);
  EXPECT_FALSE(threads.under_pressure());
  EXPECT_FALSE(is_raised(threads.pressure_fd()));
}

TEST(WorkerThreads, EnqueueBlocksWhenVeryManyWaitUntilReleased) {
  std::latch go_on(1);
  std::atomic<int> ran = 0;
  std::atomic<int> queued = 0;
  WorkerThreads threads(1);
  std::jthread producer([&] {
    for (int i = 0; i < 50; ++i) {
      threads.enqueue([&] {
        go_on.wait();
        ++ran;
      });
      ++queued;
    }
  });
  while (!threads.under_pressure()) std::this_thread::yield();
  EXPECT_LT(queued, 50);
  threads.release();
  producer.join();
  EXPECT_EQ(queued, 50);
  go_on.count_down();
  threads.shutdown();
  EXPECT_EQ(ran, 50);
}

}  // namespace
}  // namespace apiclient::http
