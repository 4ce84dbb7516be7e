#include "reconciler/state_loss_guard.h"

#include <algorithm>

#include "backend/request_governor.h"

namespace apiclient::reconciler {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kListIsGoodFor{60};
/// A list that is proven wrong is made again, but not at once for every client.
constexpr std::chrono::seconds kListIsKeptFor{5};

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
                   judge(*entry, registry.name, registry.connection->backend(), client_id, stop));
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
                                             const std::stop_token& stop) {
  const SharedEntry shared = entry_of(registry);
  auto entry = shared->lock();
  return judge(*entry, registry, backend, "", stop);
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

Result<bool> StateLossGuard::refresh(Entry& entry, backend::Backend& backend, const std::string& absent,
                                     const std::stop_token& stop) const {
  const BootTime now = wiring_.clock.now();
  const bool old = !entry.listed_at || now - *entry.listed_at >= kListIsGoodFor;
  if (!old && !entry.present.contains(absent)) return false;
  RETURN_IF_ERROR(list_again(entry, backend, stop));
  return true;
}

Result<void> StateLossGuard::list_again(Entry& entry, backend::Backend& backend,
                                        const std::stop_token& stop) const {
  const BootTime now = wiring_.clock.now();
  if (entry.listed_at && now - *entry.listed_at < kListIsKeptFor)
    return fail(too_early(*entry.listed_at, now));
  ASSIGN_OR_RETURN(const std::vector<std::string> listed, backend.list_owned(wiring_.installation_id, stop));
  entry.present = {listed.begin(), listed.end()};
  entry.listed_at = now;
  return {};
}

Result<StateLossCount> StateLossGuard::judge(Entry& entry, const std::string& registry,
                                             backend::Backend& backend, const std::string& absent,
                                             const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(const bool fresh, refresh(entry, backend, absent, stop));
  StateLossCount count = count_missing(ours_at(registry, absent), entry.present);
  // An older list does not know the clients that were made since: it cannot begin a loss.
  if (is_state_lost(count) && !entry.lost && !fresh) {
    RETURN_IF_ERROR(list_again(entry, backend, stop));
    count = count_missing(ours_at(registry, absent), entry.present);
  }
  const bool lost = is_state_lost(count);
  if (lost && !entry.lost) {
    log_.warning("registry has lost clients",
                 {{"registry", registry}, {"issued", count.ours}, {"missing", count.missing}});
  }
  entry.lost = lost;
  return count;
}

}  // namespace apiclient::reconciler
