#pragma once
// Threads for the server's connections: started when needed, at most `most`. Thread-safe. A connection keeps
// its thread between requests, so the set can tell that others wait: see `pressure_fd`.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace apiclient::http {

class WorkerThreads {
 public:
  explicit WorkerThreads(std::size_t most);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  ~WorkerThreads();

  /// Blocks while very many jobs wait, until `release`. Jobs must not throw.
  void enqueue(std::function<void()> job);
  /// From now on `enqueue` does not block.
  void release();
  /// Runs what waits, then joins all threads. To be called from one thread, after the last `enqueue`.
  void shutdown();

  [[nodiscard]] bool under_pressure() const;
  /// An event file descriptor that is readable while jobs wait and all threads are taken.
  [[nodiscard]] int pressure_fd() const { return pressure_fd_; }

 private:
  void run();
  void signal_pressure();

  const std::size_t most_;
  const int pressure_fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool released_ = false;
  bool ending_ = false;
  bool pressure_ = false;
};

}  // namespace apiclient::http
