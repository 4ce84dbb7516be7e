#pragma once
// Stands before every act that an absent client leads to: registering an issued one again, or taking its
// absence for its deletion. Counts our marks in the registry: one list, at most once a minute, sooner only
// when a client is absent that the last list still had. Where the registry cannot be searched, 20 others of
// ours are looked up instead. Thread-safe.

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "api/api_client_summary.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "reconciler/observation.h"
#include "reconciler/registry_directory.h"
#include "reconciler/state_loss.h"
#include "runtime/store.h"
#include "telemetry/log.h"

namespace apiclient::reconciler {

/// `Error::code` (kind unavailable): the registry has lost its clients.
inline constexpr std::string_view kStateLostCode = "state_lost";

class StateLossGuard {
 public:
  struct Wiring {
    const runtime::Store<api::ApiClientSummary>& clients;
    const Clock& clock;
    std::string installation_id;
  };
  explicit StateLossGuard(Wiring wiring) : wiring_(std::move(wiring)) {}

  /// Passes unless an issued client is absent and so are too many others; then what is published is marked as
  /// not working. Errors: kStateLostCode; the registry's; throttled (rate_limited) when it is too early to
  /// count.
  Result<void> check(Observation& seen, const std::stop_token& stop);
  /// The same for a client that is being deleted and that the registry does not have.
  Result<void> check_absent(const RegistrySnapshot& registry, const api::ApiClient& client,
                            const std::string& client_id, const std::stop_token& stop);

  /// For the registry's own pass: whether the last count found it lost, and a count that is at most a minute
  /// old.
  [[nodiscard]] bool suspects(const std::string& registry) const;
  Result<StateLossCount> count(const std::string& registry, backend::Backend& backend, bool searchable,
                               const std::stop_token& stop);
  void forget(const std::string& registry) { entries_.lock()->erase(registry); }

 private:
  /// The last list of one registry, or the last sample.
  struct Entry {
    std::optional<BootTime> listed_at = {};
    std::unordered_set<std::string> present = {};
    std::vector<std::string> sampled =
        {};  ///< where the registry cannot be searched: those that were looked up
    bool lost = false;
  };
  struct Source {
    const std::string& registry;
    backend::Backend& backend;
    bool searchable;
  };
  using SharedEntry = std::shared_ptr<Guarded<Entry>>;
  [[nodiscard]] SharedEntry entry_of(const std::string& registry);
  /// Ids of the clients that should be there; `asked` is one of them in any case.
  [[nodiscard]] std::vector<std::string> ours_at(const std::string& registry, const std::string& asked) const;
  Result<void> list_again(Entry& entry, const Source& source, const std::stop_token& stop) const;
  /// Looks up some of ours. One that the registry will not tell about says nothing about the others.
  Result<void> sample(Entry& entry, const Source& source, const std::stop_token& stop) const;
  /// True: the list was made just now.
  Result<bool> refresh(Entry& entry, const Source& source, const std::string& absent,
                       const std::stop_token& stop) const;
  [[nodiscard]] StateLossCount count_in(const Entry& entry, const Source& source,
                                        const std::string& absent) const;
  Result<StateLossCount> judge(Entry& entry, const Source& source, const std::string& absent,
                               const std::stop_token& stop) const;

  const Wiring wiring_;
  telemetry::Log log_;
  mutable Guarded<std::unordered_map<std::string, SharedEntry>> entries_;
};

}  // namespace apiclient::reconciler
