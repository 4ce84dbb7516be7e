#include "reconciler/rotation_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace apiclient::reconciler {
namespace {

kube::ObjectKey key(int number) { return {"team-a", "client-" + std::to_string(number)}; }

TEST(RotationSlots, AreGivenUpToTheirNumber) {
  RotationSlots slots(2);
  EXPECT_TRUE(slots.take(key(1)));
  EXPECT_FALSE(slots.all_taken());
  EXPECT_TRUE(slots.take(key(2)));
  EXPECT_TRUE(slots.all_taken());
  EXPECT_FALSE(slots.take(key(3)));
}

TEST(RotationSlots, AHolderKeepsItsOwn) {
  RotationSlots slots(1);
  EXPECT_TRUE(slots.take(key(1)));
  EXPECT_TRUE(slots.take(key(1)));
  EXPECT_FALSE(slots.is_in_line(key(1)));
}

TEST(RotationSlots, AReleasedOneGoesToTheNextThatAsks) {
  RotationSlots slots(1);
  EXPECT_TRUE(slots.take(key(1)));
  EXPECT_FALSE(slots.take(key(2)));
  EXPECT_TRUE(slots.is_in_line(key(2)));
  slots.release(key(1));
  EXPECT_TRUE(slots.take(key(2)));
  EXPECT_FALSE(slots.is_in_line(key(2)));
  EXPECT_FALSE(slots.take(key(1)));
}

TEST(RotationSlots, ReleasingWhatIsNotHeldIsNothing) {
  RotationSlots slots(1);
  EXPECT_TRUE(slots.take(key(1)));
  slots.release(key(2));
  EXPECT_TRUE(slots.all_taken());
}

TEST(RotationSlots, AForgottenClientIsNeitherAHolderNorInLine) {
  RotationSlots slots(1);
  EXPECT_TRUE(slots.take(key(1)));
  EXPECT_FALSE(slots.take(key(2)));
  slots.forget(key(2));
  EXPECT_FALSE(slots.is_in_line(key(2)));
  slots.forget(key(1));
  EXPECT_FALSE(slots.all_taken());
}

TEST(RotationSlots, ManyThreadsNeverHoldMoreThanThereAre) {
  constexpr int kSlots = 3;
  RotationSlots slots(kSlots);
  std::atomic<int> holding{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  const auto rotate = [&](int thread) {
    for (int number = 0; number < 500; ++number) {
      const kube::ObjectKey client = key(thread * 1000 + number);
      if (!slots.take(client)) continue;
      const int now = ++holding;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
      ++done;
      --holding;
      slots.release(client);
    }
  };
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) threads.emplace_back(rotate, thread);
  threads.clear();
  EXPECT_LE(most, kSlots);
  EXPECT_GT(done, 0);
  EXPECT_FALSE(slots.all_taken());
}

}  // namespace
}  // namespace apiclient::reconciler
