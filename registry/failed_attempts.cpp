#include "registry/failed_attempts.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "registry/client_rules.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kPrefixBytes = 8;
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

}  // namespace

std::string address_group(const std::string& remote_address) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET6, remote_address.c_str(), bytes.data()) != 1) return remote_address;
  const std::string_view all(bytes.data(), bytes.size());
  if (!all.starts_with(kMapped)) return hex_encode(all.substr(0, kPrefixBytes));
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
  return text.data();
}

FailedAttempts::FailedAttempts(FailedAttemptLimits limits)
    : clients_(limits.per_client, limits.max_remembered),
      addresses_(limits.per_address, limits.max_remembered) {}

std::optional<std::chrono::seconds> FailedAttempts::note(std::string_view client_id,
                                                         const std::string& remote_address, BootTime now) {
  const std::string address = address_group(remote_address);
  // Ids that no client can have share one key, so that a long one costs no memory.
  const std::string client = address + " " + std::string(is_client_id(client_id) ? client_id : "");
  if (const auto wait = clients_.take(client, now)) return wait;
  return addresses_.take(address, now);
}

std::size_t FailedAttempts::remembered() const { return clients_.size() + addresses_.size(); }

std::optional<std::chrono::seconds> FailedAttempts::Meter::take(const std::string& key, BootTime now) {
  BootTime& full = full_at(key);
  const BootTime after = std::max(full, now) + allowance_.refill;
  const auto excess = after - now - allowance_.burst * allowance_.refill;
  if (excess.count() > 0)
    return std::max(std::chrono::ceil<std::chrono::seconds>(excess), std::chrono::seconds{1});
  full = after;
  return std::nullopt;
}

BootTime& FailedAttempts::Meter::full_at(const std::string& key) {
  if (const auto found = young_.find(key); found != young_.end()) return found->second;
  const auto known = old_.find(key);
  const BootTime full = known == old_.end() ? BootTime{} : known->second;
  if (young_.size() >= max_remembered_) old_ = std::exchange(young_, {});
  return young_.insert_or_assign(key, full).first->second;
}

}  // namespace apiclient::registry
