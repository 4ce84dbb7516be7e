#pragma once
// Objects in memory by key: snapshots for readers, one writer. Thread-safe. T has members `key` (ObjectKey)
// and `resource_version` (string). Readers get shared_ptr<const T>: nothing mutable is shared.

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "kube/object_key.h"

namespace apiclient::runtime {

template <typename T>
class Store {
 public:
  using Snapshot = std::shared_ptr<const T>;

  /// Null when absent. Absent here is not absent in the cluster.
  [[nodiscard]] Snapshot find(const kube::ObjectKey& key) const {
    const std::shared_lock lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return objects_.size();
  }
  /// Visits under the shared lock: keep it short, call nothing that blocks.
  void each(const std::function<void(const T&)>& visit) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [key, object] : objects_) visit(*object);
  }

  /// Writer side: only the informer calls these. Each returns what was there before.
  Snapshot put(Snapshot object) {
    const std::unique_lock lock(mutex_);
    Snapshot& slot = objects_[object->key];
    slot.swap(object);
    return object;
  }
  Snapshot erase(const kube::ObjectKey& key) {
    const std::unique_lock lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return nullptr;
    Snapshot before = std::move(found->second);
    objects_.erase(found);
    return before;
  }
  [[nodiscard]] std::vector<kube::ObjectKey> keys() const {
    const std::shared_lock lock(mutex_);
    std::vector<kube::ObjectKey> all;
    all.reserve(objects_.size());
    for (const auto& [key, object] : objects_) all.push_back(key);
    return all;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<kube::ObjectKey, Snapshot> objects_;
};

}  // namespace apiclient::runtime
