#pragma once
// Reflectors + store + handlers for one type: one reflector for the whole cluster, or one for each of several
// namespaces. T is what is kept of an object (members `key`, `resource_version`). Handlers are added before
// `run` and called from a reflector's thread, never by two at once, after the store has changed: they must be
// quick (put a key into a queue). An object that cannot be decoded is logged and its last readable state is
// kept: what exists never looks deleted.

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/reflector.h"
#include "runtime/run_together.h"
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
class Informer final : public Runnable, public Syncable {
 public:
  using Decode = std::function<Result<T>(const Json& object)>;
  using Handler = std::function<void(const Change<T>&)>;

  /// Each scope is watched by itself; no object is in two of them. All have the same type.
  Informer(kube::Reader& reader, std::vector<ReflectorOptions> scopes, Decode decode, const Clock& clock);
  Informer(kube::Reader& reader, ReflectorOptions scope, Decode decode, const Clock& clock)
      : Informer(reader, std::vector{std::move(scope)}, std::move(decode), clock) {}

  void on_change(Handler handler) { handlers_.push_back(std::move(handler)); }
  [[nodiscard]] const Store<T>& store() const { return store_; }
  [[nodiscard]] bool has_synced() const override;
  [[nodiscard]] std::string name() const override { return "informer " + resource_; }
  Result<void> run(std::stop_token stop) override;

 private:
  class Scope;

  std::shared_ptr<const T> decode(const Json& object);
  void store_one(std::shared_ptr<const T> object, bool initial);
  void forget_one(const kube::ObjectKey& key, bool initial);
  void tell(const Change<T>& change) const;

  std::string resource_;
  Decode decode_;
  telemetry::Log log_;
  std::vector<Handler> handlers_;
  Store<T> store_;
  std::mutex changing_;  ///< one scope at a time changes the store and calls the handlers
  std::vector<std::unique_ptr<Scope>> scopes_;
};

/// What one reflector sees.
template <typename T>
class Informer<T>::Scope final : private ReflectorSink {
 public:
  Scope(Informer& informer, kube::Reader& reader, ReflectorOptions options, const Clock& clock)
      : informer_(informer),
        namespace_(options.namespace_name),
        object_(options.object_name),
        reflector_(reader, std::move(options), *this, clock) {}

  void run(const std::stop_token& stop) { reflector_.run(stop); }
  [[nodiscard]] bool has_synced() const { return synced_; }

 private:
  void list_started() override { listing_.clear(); }
  Result<void> listed(Json&& object) override;
  void list_finished() override;
  Result<void> changed(Json&& object) override;
  Result<void> deleted(Json&& object) override;

  [[nodiscard]] bool covers(const kube::ObjectKey& key) const {
    return (namespace_.empty() || key.namespace_name == namespace_) &&
           (object_.empty() || key.name == object_);
  }

  Informer& informer_;
  const std::string namespace_;
  const std::string object_;
  /// Collected by a list that is not finished; an object that cannot be read has its key only.
  std::vector<std::pair<kube::ObjectKey, std::shared_ptr<const T>>> listing_;
  std::atomic<bool> synced_ = false;
  Reflector reflector_;
};

template <typename T>
Informer<T>::Informer(kube::Reader& reader, std::vector<ReflectorOptions> scopes, Decode decode,
                      const Clock& clock)
    : resource_(scopes.front().type.resource),
      decode_(std::move(decode)),
      log_(telemetry::Log().with({{"resource", resource_}})) {
  for (ReflectorOptions& scope : scopes) {
    scopes_.push_back(std::make_unique<Scope>(*this, reader, std::move(scope), clock));
  }
}

template <typename T>
bool Informer<T>::has_synced() const {
  return std::ranges::all_of(scopes_, [](const auto& scope) { return scope->has_synced(); });
}

template <typename T>
Result<void> Informer<T>::run(std::stop_token stop) {
  const auto watch = [this](std::size_t number, const std::stop_token& ending) -> Result<void> {
    scopes_[number]->run(ending);
    return {};
  };
  return scopes_.size() == 1 ? watch(0, stop) : run_together(resource_, scopes_.size(), watch, stop);
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
void Informer<T>::store_one(std::shared_ptr<const T> object, bool initial) {
  auto before = store_.put(object);
  if (before && before->resource_version == object->resource_version) return;
  tell({.before = std::move(before), .after = std::move(object), .initial = initial});
}

template <typename T>
void Informer<T>::forget_one(const kube::ObjectKey& key, bool initial) {
  if (auto before = store_.erase(key))
    tell({.before = std::move(before), .after = nullptr, .initial = initial});
}

template <typename T>
void Informer<T>::tell(const Change<T>& change) const {
  for (const Handler& handler : handlers_) handler(change);
}

template <typename T>
Result<void> Informer<T>::Scope::listed(Json&& object) {
  auto decoded = informer_.decode(object);
  kube::ObjectKey key = decoded ? decoded->key : key_of(object);
  listing_.emplace_back(std::move(key), std::move(decoded));
  return {};
}

template <typename T>
void Informer<T>::Scope::list_finished() {
  const std::scoped_lock lock(informer_.changing_);
  std::unordered_set<kube::ObjectKey> present;
  for (auto& [key, object] : listing_) {
    if (object) informer_.store_one(std::move(object), !synced_);
    present.insert(std::move(key));
  }
  listing_ = {};
  for (const kube::ObjectKey& key : informer_.store_.keys()) {
    if (covers(key) && !present.contains(key)) informer_.forget_one(key, !synced_);
  }
  synced_ = true;
}

template <typename T>
Result<void> Informer<T>::Scope::changed(Json&& object) {
  auto decoded = informer_.decode(object);
  const std::scoped_lock lock(informer_.changing_);
  if (decoded) informer_.store_one(std::move(decoded), !synced_);
  return {};
}

template <typename T>
Result<void> Informer<T>::Scope::deleted(Json&& object) {
  const std::scoped_lock lock(informer_.changing_);
  informer_.forget_one(key_of(object), !synced_);
  return {};
}

}  // namespace apiclient::runtime
