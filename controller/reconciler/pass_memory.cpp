#include "reconciler/pass_memory.h"

#include <algorithm>

namespace apiclient::reconciler {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// Decimal numbers without leading zeros: longer is greater.
bool not_newer(const std::string& left, const std::string& right) {
  if (left == right) return true;
  if (!is_number(left) || !is_number(right)) return false;
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

}  // namespace

void PassMemory::succeeded(const kube::ObjectKey& key, const std::string& resource_version,
                           std::optional<BootTime> next_check, const RaisedDoubt& doubt) {
  auto records = records_.lock();
  Record& record = (*records)[key];
  record.settled_version = resource_version;
  record.next_check = next_check;
  if (record.doubt.raised == doubt.raised) record.doubt.doubt = Doubt::none;
}

bool PassMemory::is_settled_version(const kube::ObjectKey& key, const std::string& resource_version) const {
  const auto records = records_.lock();
  const auto found = records->find(key);
  return found != records->end() && !found->second.settled_version.empty() &&
         not_newer(resource_version, found->second.settled_version);
}

void PassMemory::request_check(const kube::ObjectKey& key, Doubt doubt) {
  auto records = records_.lock();
  RaisedDoubt& raised = (*records)[key].doubt;
  raised.doubt = std::max(raised.doubt, doubt);
  ++raised.raised;
}

RaisedDoubt PassMemory::doubt(const kube::ObjectKey& key) const {
  const auto records = records_.lock();
  const auto found = records->find(key);
  return found == records->end() ? RaisedDoubt{} : found->second.doubt;
}

BootTime PassMemory::next_check(const kube::ObjectKey& key, BootTime otherwise) {
  auto records = records_.lock();
  auto& due = (*records)[key].next_check;
  if (!due) due = otherwise;
  return *due;
}

void PassMemory::forget(const kube::ObjectKey& key) { records_.lock()->erase(key); }

}  // namespace apiclient::reconciler
