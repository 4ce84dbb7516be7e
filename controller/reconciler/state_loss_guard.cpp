#include "reconciler/state_loss_guard.h"

#include <algorithm>

#include "backend/request_governor.h"
#include "base/random.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kListIsGoodFor{60};
/// A list that is proven wrong is made again, but not at once for every client.
constexpr std::chrono::seconds kListIsKeptFor{5};
constexpr std::size_t kSample = 20;

Error too_early(BootTime listed_at, BootTime now) {
  return {.kind = ErrorKind::throttled,
          .message = "the registry's clients were counted a moment ago and have changed since",
          .retry_after = std::chrono::ceil<milliseconds>(listed_at + kListIsKeptFor - now),
          .code = std::string(backend::kRateLimited)};
}

bool was_issued(const Observation& seen) {
  return seen.client.status.issued() || (seen.target && seen.target_is_ours() && seen.target->revision() > 0);
}

}  // namespace

Result<void> StateLossGuard::check(Observation& seen, const std::stop_token& stop) {
  if (seen.registered || !was_issued(seen)) return {};
  auto whole = check_absent(*seen.registry, seen.client, seen.desired.settings.client_id, stop);
  // Nobody gets a token with a secret of a client that is not there.
  if (!whole && whole.error().code == kStateLostCode) seen.published_verdict = backend::Verdict::rejected;
  return whole;
}

Result<void> StateLossGuard::check_absent(const RegistrySnapshot& registry, const api::ApiClient& client,
                                          const std::string& client_id, const std::stop_token& stop) {
  if (covers(registry.accepted_state_loss, issued_at(client))) return {};
  // A list would not change the answer about a single one.
  if (ours_at(registry.name, client_id).size() < 2) return {};
  const SharedEntry shared = entry_of(registry.name);
  auto entry = shared->lock();
  ASSIGN_OR_RETURN(const StateLossCount count,
                   judge(*entry,
                         {.registry = registry.name,
                          .backend = registry.connection->backend(),
                          .searchable = registry.info.capabilities.searchable_mark},
                         client_id, stop));
  if (!entry->lost) return {};
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = state_loss_message(count),
                    .code = std::string(kStateLostCode)});
}

bool StateLossGuard::suspects(const std::string& registry) const {
  SharedEntry shared;
  {
    const auto entries = entries_.lock();
    const auto found = entries->find(registry);
    if (found != entries->end()) shared = found->second;
  }
  return shared && shared->lock()->lost;
}

Result<StateLossCount> StateLossGuard::count(const std::string& registry, backend::Backend& backend,
                                             bool searchable, const std::stop_token& stop) {
  const SharedEntry shared = entry_of(registry);
  auto entry = shared->lock();
  return judge(*entry, {.registry = registry, .backend = backend, .searchable = searchable}, "", stop);
}

StateLossGuard::SharedEntry StateLossGuard::entry_of(const std::string& registry) {
  auto entries = entries_.lock();
  SharedEntry& entry = (*entries)[registry];
  if (!entry) entry = std::make_shared<Guarded<Entry>>();
  return entry;
}

std::vector<std::string> StateLossGuard::ours_at(const std::string& registry,
                                                 const std::string& asked) const {
  std::vector<std::string> ours;
  if (!asked.empty()) ours.push_back(asked);
  wiring_.clients.each([&](const api::ApiClientSummary& client) {
    const bool issued = client.revision > 0 || !client.binding_name.empty();
    // One that is being deleted may be gone from the registry already.
    if (client.pinned_registry != registry || !issued || client.deleting || client.client_id == asked) return;
    ours.push_back(client.client_id);
  });
  return ours;
}

Result<bool> StateLossGuard::refresh(Entry& entry, const Source& source, const std::string& absent,
                                     const std::stop_token& stop) const {
  const BootTime now = wiring_.clock.now();
  const bool old = !entry.listed_at || now - *entry.listed_at >= kListIsGoodFor;
  if (!old && !entry.present.contains(absent)) return false;
  RETURN_IF_ERROR(list_again(entry, source, stop));
  return true;
}

Result<void> StateLossGuard::list_again(Entry& entry, const Source& source,
                                        const std::stop_token& stop) const {
  const BootTime now = wiring_.clock.now();
  if (entry.listed_at && now - *entry.listed_at < kListIsKeptFor)
    return fail(too_early(*entry.listed_at, now));
  if (source.searchable) {
    ASSIGN_OR_RETURN(const std::vector<std::string> listed,
                     source.backend.list_owned(wiring_.installation_id, stop));
    entry.present = {listed.begin(), listed.end()};
  } else {
    RETURN_IF_ERROR(sample(entry, source, stop));
  }
  entry.listed_at = now;
  return {};
}

Result<void> StateLossGuard::sample(Entry& entry, const Source& source, const std::stop_token& stop) const {
  const std::vector<std::string> ours = ours_at(source.registry, "");
  std::vector<std::string> sampled;
  std::unordered_set<std::string> present;
  const auto first = static_cast<std::size_t>(random_unit() * static_cast<double>(ours.size()));
  for (std::size_t number = 0; number < std::min(kSample, ours.size()); ++number) {
    const std::string& id = ours[(first + number) % ours.size()];
    auto found = source.backend.find(id, stop);
    if (!found && found.error().kind == ErrorKind::invalid) continue;
    if (!found) return failure_of(std::move(found));
    sampled.push_back(id);
    if (*found) present.insert(id);
  }
  entry.sampled = std::move(sampled);
  entry.present = std::move(present);
  return {};
}

StateLossCount StateLossGuard::count_in(const Entry& entry, const Source& source,
                                        const std::string& absent) const {
  if (source.searchable) return count_missing(ours_at(source.registry, absent), entry.present);
  std::vector<std::string> known = entry.sampled;
  const bool asked = absent.empty() || std::ranges::find(known, absent) != known.end();
  if (!asked) known.push_back(absent);
  return count_missing(known, entry.present);
}

Result<StateLossCount> StateLossGuard::judge(Entry& entry, const Source& source, const std::string& absent,
                                             const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const bool fresh, refresh(entry, source, absent, stop));
  StateLossCount count = count_in(entry, source, absent);
  // An older list does not know the clients that were made since: it cannot begin a loss.
  if (is_state_lost(count) && !entry.lost && !fresh) {
    RETURN_IF_ERROR(list_again(entry, source, stop));
    count = count_in(entry, source, absent);
  }
  const bool lost = is_state_lost(count);
  if (lost && !entry.lost) {
    log_.warning("registry has lost clients",
                 {{"registry", source.registry}, {"issued", count.ours}, {"missing", count.missing}});
  }
  entry.lost = lost;
  return count;
}

}  // namespace apiclient::reconciler
