#include "reconciler/secret_repairs.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

constexpr std::chrono::hours kWindow{1};

}  // namespace

void SecretRepairs::repaired(const kube::ObjectKey& client, BootTime now) {
  auto repairs = repairs_.lock();
  auto& times = (*repairs)[client];
  std::erase_if(times, [now](BootTime time) { return now - time >= kWindow; });
  times.push_back(now);
}

bool SecretRepairs::is_contended(const kube::ObjectKey& client, BootTime now) const {
  const auto repairs = repairs_.lock();
  const auto found = repairs->find(client);
  if (found == repairs->end()) return false;
  return std::ranges::count_if(found->second, [now](BootTime time) { return now - time < kWindow; }) >=
         kMostAnHour;
}

void SecretRepairs::forget(const kube::ObjectKey& client) { repairs_.lock()->erase(client); }

}  // namespace apiclient::reconciler
