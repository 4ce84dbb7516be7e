#include "runtime/manager.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/pause.h"
#include "runtime/thread_entry.h"

namespace apiclient::runtime {
namespace {

/// Caches become complete once, seconds after the start: looking is simpler than a signal from each of them.
constexpr std::chrono::milliseconds kLookAgain{10};

class HoldLease final : public Runnable {
 public:
  explicit HoldLease(LeaderElector& elector) : elector_(elector) {}
  [[nodiscard]] std::string name() const override { return "leader elector"; }
  Result<void> run(std::stop_token stop) override { return elector_.hold(stop); }

 private:
  LeaderElector& elector_;
};

}  // namespace

/// The request to end, from outside or by the first runnable that ended by itself. Thread-safe.
class Manager::Ending {
 public:
  explicit Ending(const std::stop_token& outer) : asked_(outer, Ask{source_}) {}

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

  /// The first error counts, unless the end was asked for before; the others are only logged.
  void report(Error error) {
    {
      const std::scoped_lock lock(mutex_);
      if (first_ || source_.stop_requested())
        return log_.warning("failed while ending", {{"error", error.message}});
      first_ = std::move(error);
    }
    source_.request_stop();
  }
  [[nodiscard]] Result<void> result() {
    const std::scoped_lock lock(mutex_);
    if (first_) return fail(*first_);
    return {};
  }

 private:
  struct Ask {
    std::stop_source& source;
    void operator()() const { source.request_stop(); }
  };
  telemetry::Log log_;
  std::mutex mutex_;
  std::optional<Error> first_;
  std::stop_source source_;
  std::stop_callback<Ask> asked_;
};

/// Runnables on threads of their own.
class Manager::Crew {
 public:
  explicit Crew(Ending& ending) : ending_(ending) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { stop_in_reverse(); }

  void start(Runnable& runnable) {
    threads_.emplace_back([this, &runnable](const std::stop_token& stop) { attend(runnable, stop); });
  }
  /// Each has ended before the one that started before it is asked.
  void stop_in_reverse() {
    while (!threads_.empty()) threads_.pop_back();
  }
  /// All are asked at once, for those that do not need each other.
  void stop_together() {
    for (std::jthread& thread : threads_) thread.request_stop();
    stop_in_reverse();
  }

 private:
  void attend(Runnable& runnable, const std::stop_token& stop) {
    name_this_thread(runnable.name());
    auto ended = run_guarded([&] { return runnable.run(stop); });
    if (!ended) return ending_.report(std::move(ended).error().in(runnable.name()));
    if (!stop.stop_requested())
      ending_.report({ErrorKind::internal, runnable.name() + ": ended without being asked to"});
  }

  Ending& ending_;
  std::vector<std::jthread> threads_;
};

Manager::Manager(ManagerOptions options, LeaderElector* elector) : options_(options), elector_(elector) {}

void Manager::add_always(Runnable& runnable) { always_.push_back(&runnable); }

void Manager::add_cache(Runnable& runnable, const Syncable& cache) {
  always_.push_back(&runnable);
  caches_.emplace_back(runnable.name(), &cache);
}

void Manager::add_leading(Runnable& runnable) { leading_.push_back(&runnable); }

void Manager::add_leading_helper(Runnable& runnable) { leading_helpers_.push_back(&runnable); }

bool Manager::caches_synced() const {
  return std::all_of(caches_.begin(), caches_.end(),
                     [](const auto& cache) { return cache.second->has_synced(); });
}

Result<void> Manager::run(const std::stop_token& stop) {
  Ending ending(stop);
  Crew always(ending);
  for (Runnable* runnable : always_) always.start(*runnable);
  auto served = serve(ending);
  if (!served && served.error().kind != ErrorKind::cancelled) ending.report(std::move(served).error());
  log_.info("stopping");
  always.stop_in_reverse();
  return ending.result();
}

Result<void> Manager::serve(Ending& ending) {
  RETURN_IF_ERROR(wait_for_caches(ending.token()));
  log_.info("caches are complete");
  if (elector_ == nullptr) {
    lead(ending);
    return {};
  }
  auto acquired = elector_->acquire(ending.token());
  if (acquired) lead(ending);
  elector_->release();
  return acquired;
}

void Manager::lead(Ending& ending) {
  std::optional<HoldLease> hold;
  Crew holder(ending);
  if (elector_ != nullptr) holder.start(hold.emplace(*elector_));
  Crew helpers(ending);
  for (Runnable* runnable : leading_helpers_) helpers.start(*runnable);
  Crew leading(ending);
  for (Runnable* runnable : leading_) leading.start(*runnable);
  wait_for_stop(ending.token());
  // The lease is renewed until the last of them has ended.
  leading.stop_together();
}

Result<void> Manager::wait_for_caches(const std::stop_token& stop) const {
  const auto deadline = std::chrono::steady_clock::now() + options_.sync_timeout;
  while (!caches_synced()) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped before the caches were complete");
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorKind::timeout, "caches are not complete in time: " + incomplete_caches());
    }
    pause(kLookAgain, stop);
  }
  return {};
}

std::string Manager::incomplete_caches() const {
  std::string names;
  for (const auto& [name, cache] : caches_) {
    if (!cache->has_synced()) names.append(names.empty() ? "" : ", ").append(name);
  }
  return names;
}

}  // namespace apiclient::runtime
