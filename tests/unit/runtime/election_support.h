#pragma once
// What the tests of leader election share.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>

#include "runtime/leader_elector.h"
#include "support/eventually.h"

namespace apiclient::test {

inline const kube::ObjectKey kLease{.namespace_name = "operators", .name = "leader"};

inline Error unavailable() {
  return {.kind = ErrorKind::unavailable,
          .message = "no answer",
          .retry_after = {},
          .status_code = 0,
          .code = {}};
}

inline Error forbidden() {
  return {.kind = ErrorKind::forbidden, .message = "no", .retry_after = {}, .status_code = 403, .code = {}};
}

/// Deadlines are those of production, on a clock that the test moves; waits are real and short.
inline runtime::LeaderElectorOptions options_of(
    std::string identity, std::chrono::milliseconds retry_period = std::chrono::milliseconds(2)) {
  return {.lease = kLease,
          .identity = std::move(identity),
          .lease_duration = std::chrono::seconds(15),
          .renew_deadline = std::chrono::seconds(10),
          .retry_period = retry_period};
}

/// Passes calls on; a write can be held back, as by a frozen process or a slow network.
class GatedClient final : public kube::Client {
 public:
  explicit GatedClient(kube::Client& next) : next_(next) {}
  std::atomic<bool> open = true;
  std::atomic<bool> ignores_stop = false;
  std::atomic<int> waiting = 0;

  Result<std::optional<Json>> find(const kube::ResourceType& type, const kube::ObjectKey& key,
                                   std::stop_token stop) override {
    return next_.find(type, key, stop);
  }
  Result<std::string> list(const kube::ResourceType& type, const kube::ListOptions& options,
                           const std::function<Result<void>(Json&&)>& on_item,
                           std::stop_token stop) override {
    return next_.list(type, options, on_item, stop);
  }
  Result<void> watch(const kube::ResourceType& type, const kube::WatchOptions& options,
                     const std::function<Result<void>(kube::WatchEvent&&)>& on_event,
                     std::stop_token stop) override {
    return next_.watch(type, options, on_event, stop);
  }
  Result<Json> create(const kube::ResourceType& type, const Json& object, std::string_view manager,
                      std::stop_token stop) override {
    RETURN_IF_ERROR(pass(stop));
    return next_.create(type, object, manager, stop);
  }
  Result<Json> replace(const kube::ResourceType& type, const Json& object, std::string_view manager,
                       std::stop_token stop) override {
    RETURN_IF_ERROR(pass(stop));
    return next_.replace(type, object, manager, stop);
  }
  Result<void> rehearse(const kube::ResourceType& type, const Json& object, std::string_view manager,
                        std::stop_token stop) override {
    return next_.rehearse(type, object, manager, stop);
  }
  Result<Json> replace_status(const kube::ResourceType& type, const Json& object, std::string_view manager,
                              std::stop_token stop) override {
    return next_.replace_status(type, object, manager, stop);
  }
  Result<Json> merge_patch(const kube::ResourceType& type, const kube::ObjectKey& key, const Json& patch,
                           std::string_view manager, std::stop_token stop) override {
    return next_.merge_patch(type, key, patch, manager, stop);
  }
  Result<void> remove(const kube::ResourceType& type, const kube::ObjectKey& key,
                      const kube::Preconditions& preconditions, std::stop_token stop) override {
    return next_.remove(type, key, preconditions, stop);
  }

 private:
  Result<void> pass(const std::stop_token& stop) {
    ++waiting;
    const bool passed = eventually([&] { return open || (stop.stop_requested() && !ignores_stop); },
                                   std::chrono::seconds(30));
    --waiting;
    EXPECT_TRUE(passed);
    if (!open) return fail(ErrorKind::cancelled, "asked to stop");
    return {};
  }
  kube::Client& next_;
};

}  // namespace apiclient::test
