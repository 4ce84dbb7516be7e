#pragma once
// Reflector + store + handlers for one type. T is what is kept of an object (members `key`,
// `resource_version`). Handlers are added before `run` and called from the reflector's thread, after the
// store has changed: they must be quick (put a key into a queue). An object that cannot be decoded is logged
// and its last readable state is kept: what exists never looks deleted.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/reflector.h"
#include "runtime/runnable.h"
#include "runtime/store.h"

namespace apiclient::runtime {

/// `before` is null for a new object, `after` for a deleted one (then `before` is its last known state).
template <typename T>
struct Change {
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;
  bool initial = false;  ///< part of the first list

  [[nodiscard]] const kube::ObjectKey& key() const { return after ? after->key : before->key; }
};

template <typename T>
class Informer final : public Runnable, public Syncable, private ReflectorSink {
 public:
  using Decode = std::function<Result<T>(const Json& object)>;
  using Handler = std::function<void(const Change<T>&)>;

  Informer(kube::Reader& reader, ReflectorOptions options, Decode decode, const Clock& clock);

  void on_change(Handler handler) { handlers_.push_back(std::move(handler)); }
  [[nodiscard]] const Store<T>& store() const { return store_; }
  [[nodiscard]] bool has_synced() const override { return synced_; }
  [[nodiscard]] std::string name() const override { return "informer " + resource_; }
  Result<void> run(std::stop_token stop) override;

 private:
  void list_started() override { listing_.clear(); }
  Result<void> listed(Json&& object) override;
  void list_finished() override;
  Result<void> changed(Json&& object) override;
  Result<void> deleted(Json&& object) override;

  std::shared_ptr<const T> decode(const Json& object);
  void store_one(std::shared_ptr<const T> object);
  void forget_one(const kube::ObjectKey& key);
  void tell(const Change<T>& change) const;

  std::string resource_;
  Decode decode_;
  telemetry::Log log_;
  std::vector<Handler> handlers_;
  Store<T> store_;
  /// Collected by a list that is not finished; an object that cannot be read has its key only.
  std::vector<std::pair<kube::ObjectKey, std::shared_ptr<const T>>> listing_;
  std::atomic<bool> synced_ = false;
  Reflector reflector_;
};

template <typename T>
Informer<T>::Informer(kube::Reader& reader, ReflectorOptions options, Decode decode, const Clock& clock)
    : resource_(options.type.resource),
      decode_(std::move(decode)),
      log_(telemetry::Log().with({{"resource", options.type.resource}})),
      reflector_(reader, std::move(options), *this, clock) {}

template <typename T>
Result<void> Informer<T>::run(std::stop_token stop) {
  reflector_.run(stop);
  return {};
}

template <typename T>
std::shared_ptr<const T> Informer<T>::decode(const Json& object) {
  Result<T> decoded = decode_(object);
  if (decoded) return std::make_shared<const T>(std::move(*decoded));
  log_.error("object cannot be read",
             {{"object", key_of(object).text()}, {"error", decoded.error().message}});
  return nullptr;
}

template <typename T>
Result<void> Informer<T>::listed(Json&& object) {
  auto decoded = decode(object);
  kube::ObjectKey key = decoded ? decoded->key : key_of(object);
  listing_.emplace_back(std::move(key), std::move(decoded));
  return {};
}

template <typename T>
void Informer<T>::list_finished() {
  std::unordered_set<kube::ObjectKey> present;
  for (auto& [key, object] : listing_) {
    if (object) store_one(std::move(object));
    present.insert(std::move(key));
  }
  listing_ = {};
  for (const kube::ObjectKey& key : store_.keys()) {
    if (!present.contains(key)) forget_one(key);
  }
  synced_ = true;
}

template <typename T>
Result<void> Informer<T>::changed(Json&& object) {
  if (auto decoded = decode(object)) store_one(std::move(decoded));
  return {};
}

template <typename T>
Result<void> Informer<T>::deleted(Json&& object) {
  forget_one(key_of(object));
  return {};
}

template <typename T>
void Informer<T>::store_one(std::shared_ptr<const T> object) {
  auto before = store_.put(object);
  if (before && before->resource_version == object->resource_version) return;
  tell({.before = std::move(before), .after = std::move(object), .initial = !synced_});
}

template <typename T>
void Informer<T>::forget_one(const kube::ObjectKey& key) {
  if (auto before = store_.erase(key))
    tell({.before = std::move(before), .after = nullptr, .initial = !synced_});
}

template <typename T>
void Informer<T>::tell(const Change<T>& change) const {
  for (const Handler& handler : handlers_) handler(change);
}

}  // namespace apiclient::runtime
