#include "runtime/event_series.h"

#include <gmock/gmock.h>

#include <functional>

namespace apiclient::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const BootTime kBoot{1h};
const WallTime kWall{std::chrono::seconds(1767323045)};

Moment at(std::chrono::seconds offset) { return {.since_boot = kBoot + offset, .wall = kWall + offset}; }

kube::Event event_of(const std::string& uid = "u1", const std::string& note = "why") {
  return {
      .regarding = {.key = {"team-a", "one"}, .uid = uid}, .reason = "Stuck", .action = "Try", .note = note};
}

/// "create e1", "patch e1 x3".
std::vector<std::string> texts_of(const std::vector<EventWrite>& writes) {
  std::vector<std::string> texts;
  for (const EventWrite& write : writes) {
    texts.push_back(write.count == 1 ? "create " + write.key.name
                                     : "patch " + write.key.name + " x" + std::to_string(write.count));
  }
  return texts;
}

class Series : public ::testing::Test {
 protected:
  std::vector<std::string> observe(const kube::Event& event, std::chrono::seconds offset) {
    const std::string name = "e" + std::to_string(++names_);
    return texts_of(series_.observe(event, {"team-a", name}, at(offset)));
  }
  std::vector<std::string> due(std::chrono::seconds offset) {
    return texts_of(series_.due(at(offset).since_boot));
  }
  EventSeries series_;
  int names_ = 0;
};

TEST_F(Series, BeginsWithAnEventOfItsOwn) {
  const auto writes = series_.observe(event_of(), {"team-a", "e1"}, at(0s));
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_EQ(writes[0].count, 1);
  EXPECT_EQ(writes[0].time, kWall);
  EXPECT_EQ(writes[0].event.note, "why");
  EXPECT_EQ(series_.next_due(), std::nullopt);
}

TEST_F(Series, TheSecondIsWrittenAtOnceAndTheOthersOnceAMinute) {
  EXPECT_THAT(observe(event_of(), 0s), ElementsAre("create e1"));
  EXPECT_THAT(observe(event_of(), 1s), ElementsAre("patch e1 x2"));
  EXPECT_EQ(series_.next_due(), std::nullopt);
  EXPECT_THAT(observe(event_of(), 2s), IsEmpty());
  EXPECT_THAT(observe(event_of(), 30s), IsEmpty());
  EXPECT_EQ(series_.next_due(), kBoot + 61s);
  EXPECT_THAT(due(60s), IsEmpty());
  EXPECT_THAT(due(61s), ElementsAre("patch e1 x4"));
  EXPECT_THAT(due(500s), IsEmpty());
  EXPECT_THAT(observe(event_of(), 130s), ElementsAre("patch e1 x5"));
}

TEST_F(Series, AThousandInSixMinutesAreFewWrites) {
  std::size_t writes = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto offset = std::chrono::seconds(i * 360 / 1000);
    writes += due(offset).size() + observe(event_of(), offset).size();
  }
  writes += series_.finish().size();
  EXPECT_LE(writes, 9U);
}

TEST_F(Series, APatchSaysWhenItWasSeenLast) {
  observe(event_of(), 0s);
  observe(event_of(), 1s);
  observe(event_of(), 42s);
  const auto writes = series_.due(at(100s).since_boot);
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_EQ(writes[0].time, kWall + 42s);
}

TEST_F(Series, EndsAfterSixMinutesOfSilence) {
  observe(event_of(), 0s);
  EXPECT_THAT(observe(event_of(), 359s), ElementsAre("patch e1 x2"));
  EXPECT_THAT(observe(event_of(), 359s + 360s), ElementsAre("create e3"));
}

TEST_F(Series, WhatWasCountedIsWrittenAtItsEnd) {
  observe(event_of(), 0s);
  observe(event_of(), 1s);
  observe(event_of(), 2s);
  EXPECT_THAT(observe(event_of(), 1000s), ElementsAre("patch e1 x3", "create e4"));
  observe(event_of(), 1001s);
  observe(event_of(), 1002s);
  EXPECT_THAT(texts_of(series_.finish()), ElementsAre("patch e4 x3"));
  EXPECT_EQ(series_.size(), 0U);
}

struct Difference {
  std::string name;
  kube::Event event;
};
void PrintTo(const Difference& row, std::ostream* out) { *out << row.name; }

class Differences : public ::testing::TestWithParam<Difference> {};

TEST_P(Differences, MakeAnotherEvent) {
  EventSeries series;
  (void)series.observe(event_of(), {"team-a", "first"}, at(0s));
  EXPECT_THAT(texts_of(series.observe(GetParam().event, {"team-a", "second"}, at(1s))),
              ElementsAre("create second"));
}

kube::Event changed(const std::function<void(kube::Event&)>& change) {
  kube::Event event = event_of();
  change(event);
  return event;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Differences,
    ::testing::Values(Difference{"object", event_of("u2")}, Difference{"note", event_of("u1", "another")},
                      Difference{"reason", changed([](auto& event) { event.reason = "Other"; })},
                      Difference{"action", changed([](auto& event) { event.action = "Other"; })},
                      Difference{"type",
                                 changed([](auto& event) { event.type = kube::EventType::warning; })}),
    [](const auto& row) { return row.param.name; });

TEST_F(Series, NotesThatNeverRepeatJoinOneSeries) {
  std::size_t creates = 0;
  std::size_t writes = 0;
  for (int i = 0; i < 200; ++i) {
    for (const std::string& text : observe(event_of("u1", "try " + std::to_string(i)), 1s)) {
      ++writes;
      if (text.starts_with("create")) ++creates;
    }
  }
  EXPECT_EQ(creates, static_cast<std::size_t>(EventSeries::kMostNotes) + 1);
  EXPECT_EQ(writes, creates + 1);
  EXPECT_THAT(observe(event_of("u2", "try 1"), 2s), ElementsAre("create e201"))
      << "other objects are not hit";
}

TEST_F(Series, AreBoundedAndTheOldestGoesFirst) {
  for (std::size_t i = 0; i < EventSeries::kMostSeries; ++i) {
    observe(event_of("uid-" + std::to_string(i)), std::chrono::seconds(i / 100));
  }
  EXPECT_EQ(series_.size(), EventSeries::kMostSeries);
  observe(event_of("uid-0"), 20s);
  observe(event_of("one-more"), 21s);
  EXPECT_EQ(series_.size(), EventSeries::kMostSeries);
  EXPECT_THAT(observe(event_of("uid-1"), 22s), ElementsAre(::testing::StartsWith("create")))
      << "it had to go";
  EXPECT_THAT(observe(event_of("uid-1023"), 23s), ElementsAre(::testing::StartsWith("patch")));
}

TEST_F(Series, AForgottenOneIsCreatedAnew) {
  observe(event_of(), 0s);
  series_.forget({"team-a", "e1"});
  EXPECT_THAT(observe(event_of(), 1s), ElementsAre("create e2"));
}

}  // namespace
}  // namespace apiclient::runtime
