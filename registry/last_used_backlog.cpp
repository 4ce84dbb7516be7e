#include "registry/last_used_backlog.h"

#include <algorithm>

namespace apiclient::registry {

bool LastUsedBacklog::note(const std::string& secret_id, WallTime used_at, BootTime now) {
  if (const auto found = waiting_.find(secret_id); found != waiting_.end()) {
    found->second.used_at = std::max(found->second.used_at, used_at);
    return false;
  }
  BootTime due_at = now + pacing_.gather;
  if (const auto written = written_at_.find(secret_id); written != written_at_.end())
    due_at = std::max(due_at, written->second + pacing_.spacing);
  waiting_.emplace(secret_id, Waiting{used_at, due_at});
  return true;
}

std::optional<BootTime> LastUsedBacklog::next_due() const {
  std::optional<BootTime> earliest;
  for (const auto& [secret_id, waiting] : waiting_)
    earliest = earliest ? std::min(*earliest, waiting.due_at) : waiting.due_at;
  return earliest;
}

std::vector<std::pair<std::string, WallTime>> LastUsedBacklog::take_due(BootTime now) {
  forget_old_writes(now);
  std::vector<std::pair<std::string, WallTime>> due;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    if (entry->second.due_at > now) {
      ++entry;
      continue;
    }
    due.emplace_back(entry->first, entry->second.used_at);
    written_at_.insert_or_assign(entry->first, now);
    entry = waiting_.erase(entry);
  }
  return due;
}

std::vector<std::pair<std::string, WallTime>> LastUsedBacklog::take_all() {
  std::vector<std::pair<std::string, WallTime>> all;
  for (const auto& [secret_id, waiting] : waiting_) all.emplace_back(secret_id, waiting.used_at);
  waiting_.clear();
  return all;
}

void LastUsedBacklog::forget_old_writes(BootTime now) {
  std::erase_if(written_at_, [&](const auto& entry) { return entry.second + pacing_.spacing <= now; });
}

}  // namespace apiclient::registry
