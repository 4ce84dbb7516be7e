#include "reconciler/rotation_schedule.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "api/conditions.h"
#include "base/duration.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::chrono::hours kDefaultOverlap{1};
/// Of the interval: how far the rotations of clients that were issued together drift apart.
constexpr int kSpreadPart = 10;
/// Nobody waits longer than this for a rotation that is overdue.
constexpr std::chrono::hours kLongestDelay{1};
/// A rotation that is later than this was not just waiting for the pass that makes it.
constexpr std::chrono::minutes kPunctual{10};

Refusal refuse(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}

milliseconds part_of(milliseconds duration, double part) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(duration.count()) * part));
}

/// Counts from what the status shows, which has whole seconds.
WallTime earliest_time(const RotationSchedule& schedule, WallTime published_at) {
  const milliseconds age = schedule.interval + part_of(schedule.interval / kSpreadPart, schedule.spread);
  return std::chrono::floor<seconds>(published_at) + std::max(age, schedule.min_age);
}

WallTime next_open_second(const RotationSchedule& schedule, WallTime time) {
  return next_open(schedule.windows, std::chrono::ceil<seconds>(time));
}

/// Overdue: spread over what is left of an open window, or from now on.
WallTime put_off(const RotationSchedule& schedule, WallTime now) {
  auto delay = std::min<milliseconds>(schedule.interval / kSpreadPart, kLongestDelay);
  if (const auto end = open_until(schedule.windows, now)) {
    delay = std::min(delay, std::chrono::floor<milliseconds>(*end - now));
  }
  return next_open(schedule.windows, std::chrono::floor<seconds>(now + part_of(delay, schedule.spread)));
}

}  // namespace

Scheduling make_schedule(const SchedulingQuestion& question) {
  const api::RotationSpec& spec = question.spec;
  if (!spec.interval && !question.longest_interval) return NoSchedule{};
  if (spec.interval && *spec.interval < question.min_interval) {
    const std::string least = format_duration(question.min_interval);
    return refuse(api::reason::kRotationTooFrequent,
                  "spec.rotation.interval: " + format_duration(*spec.interval) + " is shorter than " + least +
                      ", the minRotationInterval of registry " + std::string(question.registry) +
                      "; lengthen it, or have that lowered there");
  }
  const auto asked = spec.interval.value_or(milliseconds::max());
  RotationSchedule schedule{.interval = std::min(asked, question.longest_interval.value_or(asked)),
                            .min_age = spec.min_age,
                            .windows = {},
                            .spread = question.spread};
  for (std::size_t index = 0; index < spec.windows.size(); ++index) {
    auto window =
        make_rotation_window(spec.windows[index], "spec.rotation.windows[" + std::to_string(index) + "]");
    if (!window) return refuse(api::reason::kRotationScheduleInvalid, window.error().message);
    schedule.windows.push_back(*window);
  }
  return schedule;
}

WallTime planned_time(const RotationSchedule& schedule, WallTime published_at) {
  return next_open_second(schedule, earliest_time(schedule, published_at));
}

WallTime next_rotation(const RotationSchedule& schedule, const RotationHistory& history, WallTime now) {
  const WallTime earliest = earliest_time(schedule, history.published_at);
  const WallTime due =
      next_open_second(schedule, std::max(earliest, history.overlap_until.value_or(earliest)));
  if (due >= now) return due;
  // What was put off before counts from then.
  const auto& announced = history.announced;
  const bool has_come = announced && *announced > due && *announced <= now;
  WallTime time = has_come ? *announced : due;
  if (now - time > kPunctual && !history.in_line) {
    time = put_off(schedule, now);
    if (announced && *announced > now) time = std::min(time, *announced);
  }
  // Its window may have closed meanwhile.
  const WallTime open = next_open(schedule.windows, now);
  return time <= now && open > now ? open : time;
}

double stable_spread(const std::string& installation_id, const kube::ObjectKey& client) {
  const std::string text = installation_id + "/" + client.text();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::uint64_t bits = 0;
  for (std::size_t index = 0; index < sizeof(bits); ++index) bits = (bits << 8U) | digest[index];
  constexpr int kUnused = 11;  // a double holds 53
  return static_cast<double>(bits >> kUnused) / static_cast<double>(std::uint64_t{1} << (64 - kUnused));
}

milliseconds effective_overlap(const api::RotationSpec& spec, std::optional<milliseconds> longest) {
  const milliseconds usual = std::min<milliseconds>(kDefaultOverlap, spec.interval.value_or(kDefaultOverlap));
  const milliseconds wanted = spec.overlap.value_or(usual);
  return std::min(wanted, longest.value_or(wanted));
}

}  // namespace apiclient::reconciler
