#pragma once
// The SQLite file: one writing connection behind a mutex, several reading ones. A write that returned success
// is on the disk (synchronous=FULL). Thread-safe. SQLite's exceptions end here: busy, full and I/O errors are
// `unavailable`, all others `internal`.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/connection.h"

namespace apiclient::registry {

class Database {
 public:
  /// Opens or creates the file and brings its schema up to date.
  static Result<std::unique_ptr<Database>> open(const std::string& file, std::size_t readers = 4);

  /// One transaction: committed when `work` succeeds, rolled back when it fails.
  template <typename Work>
  auto write(const Work& work) -> std::invoke_result_t<Work, Connection&> {
    return run<Work>(work, [this](const auto& step) { return in_transaction(step); });
  }

  /// One consistent snapshot; never waits for a writer.
  template <typename Work>
  auto read(const Work& work) -> std::invoke_result_t<Work, Connection&> {
    return run<Work>(work, [this](const auto& step) { return in_snapshot(step); });
  }

 private:
  /// Returns whether to commit.
  using Step = std::function<bool(Connection&)>;

  Database(const std::string& file, std::size_t readers);
  Result<void> in_transaction(const Step& step);
  Result<void> in_snapshot(const Step& step);
  Connection& borrow_reader();
  void give_back(Connection& reader);

  template <typename Work, typename Runner>
  static auto run(const Work& work, const Runner& runner) -> std::invoke_result_t<Work, Connection&> {
    std::optional<std::invoke_result_t<Work, Connection&>> result;
    Result<void> done = runner(Step([&](Connection& connection) {
      result.emplace(work(connection));
      return result->has_value();
    }));
    if (!done) return failure_of(std::move(done));
    return std::move(*result);
  }

  std::mutex write_mutex_;
  Connection writer_;  // guarded by write_mutex_

  std::mutex read_mutex_;
  std::condition_variable reader_returned_;
  std::vector<std::unique_ptr<Connection>> readers_;  // fixed after construction
  std::vector<Connection*> idle_readers_;             // guarded by read_mutex_
};

}  // namespace apiclient::registry
