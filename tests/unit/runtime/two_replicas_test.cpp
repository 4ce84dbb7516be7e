// Two replicas of a program and one lease, in a random schedule of faults, freezes and jumps of time.

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <thread>

#include "election_support.h"
#include "runtime/leader_elector.h"
#include "support/fake_clock.h"
#include "support/fake_kube.h"

namespace apiclient::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeKube;
using test::GatedClient;
using test::options_of;
using test::unavailable;
using test::Verb;

/// One replica of a program: acquires, holds until it loses the lease or is told to give it back, starts
/// again.
class Replica {
 public:
  Replica(FakeKube& kube, std::string identity, const Clock& clock, unsigned seed)
      : client(kube),
        elector(client, options_of(std::move(identity), milliseconds(1)), clock, metrics_),
        random_(seed) {}

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!elector.acquire(stop)) return;
      ++terms;
      std::stop_source enough;
      const std::stop_callback also(stop, [&] { enough.request_stop(); });
      const std::jthread term_limit([&, rounds = random_() % 40](const std::stop_token& ended) {
        for (unsigned round = 0; round < rounds && !ended.stop_requested(); ++round) {
          std::this_thread::sleep_for(milliseconds(1));
        }
        enough.request_stop();
      });
      (void)elector.hold(enough.get_token());
      elector.release();
    }
  }

  GatedClient client;
  std::atomic<int> terms = 0;

 private:
  telemetry::Metrics metrics_;

 public:
  LeaderElector elector;

 private:
  std::mt19937 random_;
};

TEST(TwoReplicas, NeverBothMayWrite) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  test::FakeClock clock;
  FakeKube kube;
  Replica first(kube, "first", clock, seed + 1);
  Replica second(kube, "second", clock, seed + 2);
  int both = 0;
  {
    std::jthread first_thread([&](const std::stop_token& stop) { first.run(stop); });
    std::jthread second_thread([&](const std::stop_token& stop) { second.run(stop); });
    for (int step = 0; step < 1'500; ++step) {
      switch (random() % 30) {
        case 0: kube.fail_next(Verb::replace, "leases", unavailable()); break;
        case 1: kube.lose_reply_next(Verb::replace, "leases"); break;
        case 2: (random() % 2 == 0 ? first : second).client.open = false; break;
        case 3:
        case 4:
        case 5: (random() % 2 == 0 ? first : second).client.open = true; break;
        case 6: clock.advance(seconds(random() % 20)); break;
        default: clock.advance(milliseconds(random() % 1'000));
      }
      // The clock stands still here. A term of `first` that began anew between its two answers is not an
      // overlap.
      const int terms = first.terms;
      if (first.elector.may_write() && second.elector.may_write() && first.elector.may_write() &&
          first.terms == terms) {
        ++both;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 2'000));
    }
    first.client.open = true;
    second.client.open = true;
    first_thread.request_stop();
    second_thread.request_stop();
  }
  EXPECT_EQ(both, 0) << "seed " << seed;
  EXPECT_GT(first.terms + second.terms, 5)
      << "seed " << seed << ": the schedule was too dull to show anything";
}

}  // namespace
}  // namespace apiclient::runtime
