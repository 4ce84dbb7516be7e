#pragma once
// Starts and stops everything, in one written order. Start: always-on runnables (servers, informers) → caches
// synced → leadership → helpers → controllers. Stop: controllers → helpers → lease released → always-on
// runnables, in reverse order. The first runnable that ends by itself ends the program. Add everything before
// `run`.

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "runtime/leader_elector.h"
#include "runtime/runnable.h"
#include "telemetry/log.h"

namespace apiclient::runtime {

struct ManagerOptions {
  std::chrono::milliseconds sync_timeout{120'000};  ///< caches that are not complete by then fail the program
};

class Manager {
 public:
  /// `elector` may be null: then this replica always leads.
  Manager(ManagerOptions options, LeaderElector* elector);

  void add_always(Runnable& runnable);
  void add_cache(Runnable& runnable, const Syncable& cache);
  void add_leading(Runnable& runnable);
  /// One that those rely on to their last moment: it runs before them and is asked to end after all of them.
  void add_leading_helper(Runnable& runnable);

  /// Blocks. Success: stopped as asked. Error: what ended it.
  Result<void> run(const std::stop_token& stop);
  /// Caches complete (readiness of a follower too).
  [[nodiscard]] bool caches_synced() const;

 private:
  class Ending;
  class Crew;

  /// Between the start and the stop of the always-on runnables.
  Result<void> serve(Ending& ending);
  Result<void> wait_for_caches(const std::stop_token& stop) const;
  void lead(Ending& ending);
  [[nodiscard]] std::string incomplete_caches() const;

  ManagerOptions options_;
  LeaderElector* elector_;
  telemetry::Log log_;
  std::vector<Runnable*> always_;
  std::vector<std::pair<std::string, const Syncable*>> caches_;
  std::vector<Runnable*> leading_;
  std::vector<Runnable*> leading_helpers_;
};

}  // namespace apiclient::runtime
