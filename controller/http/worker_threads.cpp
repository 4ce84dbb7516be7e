#include "http/worker_threads.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace apiclient::http {
namespace {

/// Waiting jobs per thread before `enqueue` blocks; the kernel's backlog takes the rest.
constexpr std::size_t kWaitingPerThread = 4;

}  // namespace

WorkerThreads::WorkerThreads(std::size_t most)
    : most_(std::max<std::size_t>(most, 1)), pressure_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WorkerThreads::~WorkerThreads() {
  shutdown();
  ::close(pressure_fd_);
}

void WorkerThreads::enqueue(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_ || waiting_.size() < most_ * kWaitingPerThread; });
  waiting_.push_back(std::move(job));
  if (waiting_.size() > idle_ && threads_.size() < most_) threads_.emplace_back([this] { run(); });
  signal_pressure();
  changed_.notify_all();
}

void WorkerThreads::release() {
  const std::scoped_lock lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void WorkerThreads::shutdown() {
  std::vector<std::thread> ended;
  {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    ending_ = true;
    changed_.notify_all();
    ended.swap(threads_);
  }
  for (std::thread& thread : ended) thread.join();
}

bool WorkerThreads::under_pressure() const {
  const std::scoped_lock lock(mutex_);
  return pressure_;
}

void WorkerThreads::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> job = std::move(waiting_.front());
    waiting_.pop_front();
    signal_pressure();
    changed_.notify_all();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

/// Called under the lock after every change of `waiting_`.
void WorkerThreads::signal_pressure() {
  const bool pressure = !waiting_.empty() && idle_ == 0 && threads_.size() == most_;
  if (pressure == std::exchange(pressure_, pressure)) return;
  eventfd_t ignored = 0;
  if (pressure) {
    ::eventfd_write(pressure_fd_, 1);
  } else {
    ::eventfd_read(pressure_fd_, &ignored);
  }
}

}  // namespace apiclient::http
