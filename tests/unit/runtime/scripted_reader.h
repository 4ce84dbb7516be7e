#pragma once
// A kube::Reader that plays lists and watches from a script and records what it was asked. When the script is
// at its end, the next call blocks until stop. Thread-safe.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kube/client.h"

namespace apiclient::test {

class ScriptedReader final : public kube::Reader {
 public:
  struct List {
    std::vector<Json> items = {};
    std::string version = {};
    std::optional<Error> error = {};  ///< after the items
  };
  struct Watch {
    std::vector<kube::WatchEvent> events = {};
    std::optional<Error> error = {};  ///< after the events; none: a clean end
  };

  void add(List list) { steps_.emplace_back(std::move(list)); }
  void add(Watch watch) { steps_.emplace_back(std::move(watch)); }

  /// "list 0", "watch 12", in order.
  std::vector<std::string> calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }
  /// Of each list.
  std::vector<int> page_sizes() {
    const std::scoped_lock lock(mutex_);
    return page_sizes_;
  }
  std::vector<std::chrono::seconds> timeouts() {
    const std::scoped_lock lock(mutex_);
    return timeouts_;
  }
  /// True once a call blocks because nothing is left.
  bool finished() {
    const std::scoped_lock lock(mutex_);
    return finished_;
  }

  Result<std::optional<Json>> find(const kube::ResourceType& /*type*/, const kube::ObjectKey& /*key*/,
                                   std::stop_token /*stop*/) override {
    return std::optional<Json>();
  }

  Result<std::string> list(const kube::ResourceType& /*type*/, const kube::ListOptions& options,
                           const std::function<Result<void>(Json&& item)>& on_item,
                           std::stop_token stop) override {
    {
      const std::scoped_lock lock(mutex_);
      page_sizes_.push_back(options.page_size);
    }
    auto step = next<List>("list " + options.resource_version, stop);
    if (!step) return failure_of(std::move(step));
    for (Json& item : step->items) RETURN_IF_ERROR(on_item(std::move(item)));
    if (step->error) return fail(*step->error);
    return step->version;
  }

  Result<void> watch(const kube::ResourceType& /*type*/, const kube::WatchOptions& options,
                     const std::function<Result<void>(kube::WatchEvent&& event)>& on_event,
                     std::stop_token stop) override {
    auto step = next<Watch>("watch " + options.resource_version, stop, options.timeout);
    if (!step) return failure_of(std::move(step));
    for (kube::WatchEvent& event : step->events) RETURN_IF_ERROR(on_event(std::move(event)));
    if (step->error) return fail(*step->error);
    return {};
  }

 private:
  template <typename Step>
  Result<Step> next(std::string call, const std::stop_token& stop,
                    std::optional<std::chrono::seconds> timeout = std::nullopt) {
    std::unique_lock lock(mutex_);
    calls_.push_back(std::move(call));
    if (timeout) timeouts_.push_back(*timeout);
    if (steps_.empty()) {
      finished_ = true;
      never_.wait(lock, stop, [] { return false; });
      return fail(ErrorKind::cancelled, "asked to stop");
    }
    auto* step = std::get_if<Step>(&steps_.front());
    if (step == nullptr) return fail(ErrorKind::internal, "the script has another step here");
    Step taken = std::move(*step);
    steps_.pop_front();
    return taken;
  }

  std::mutex mutex_;
  std::condition_variable_any never_;
  std::deque<std::variant<List, Watch>> steps_;
  std::vector<std::string> calls_;
  std::vector<int> page_sizes_;
  std::vector<std::chrono::seconds> timeouts_;
  bool finished_ = false;
};

/// A ConfigMap with what the runtime looks at.
inline Json an_object(const std::string& name, const std::string& version,
                      const std::string& namespace_name = "team-a") {
  return {{"metadata", {{"namespace", namespace_name}, {"name", name}, {"resourceVersion", version}}}};
}

}  // namespace apiclient::test
