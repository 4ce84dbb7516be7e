#include "http/exchange.h"

#include <utility>

namespace apiclient::http {

Exchange::Exchange(bool collect_body, std::size_t max_body_bytes)
    : max_body_bytes_(max_body_bytes), collecting_(collect_body) {}

void Exchange::set_head(Response head) {
  const std::scoped_lock lock(mutex_);
  head_ = std::move(head);
  changed_.notify_all();
}

/// Called under the lock. False when the body has become too long.
bool Exchange::append(std::string_view data) {
  if (data.size() > max_body_bytes_ - body_.size()) {
    if (!error_) error_ = Error{ErrorKind::protocol, "the response is longer than allowed"};
    return false;
  }
  body_.append(data);
  return true;
}

void Exchange::offer(std::string_view data, std::function<void(bool)> taken) {
  bool wanted = false;
  {
    const std::scoped_lock lock(mutex_);
    if (!abandoned_ && !collecting_ && data.size() <= max_body_bytes_) {
      chunk_ = data;
      chunk_taken_ = std::move(taken);
      changed_.notify_all();
      return;
    }
    wanted = !abandoned_ && append(data);
  }
  taken(wanted);
}

void Exchange::finish(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  if (!error_) error_ = std::move(error);
  finished_ = true;
  changed_.notify_all();
}

void Exchange::release() {
  const std::scoped_lock lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

template <typename Condition>
Exchange::Progress Exchange::wait(std::stop_token stop, BootTime deadline, Condition condition) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, stop, deadline, condition)) return Progress::made;
  return stop.stop_requested() ? Progress::stopped : Progress::timed_out;
}

Exchange::Progress Exchange::wait_head(std::stop_token stop, BootTime deadline) {
  return wait(std::move(stop), deadline, [this] { return head_.has_value() || finished_; });
}

Exchange::Progress Exchange::wait_chunk(std::stop_token stop, BootTime deadline) {
  return wait(std::move(stop), deadline, [this] { return chunk_.has_value() || finished_; });
}

Exchange::Progress Exchange::wait_finished(std::stop_token stop, BootTime deadline) {
  return wait(std::move(stop), deadline, [this] { return finished_; });
}

Exchange::Progress Exchange::wait_released(BootTime deadline) {
  return wait({}, deadline, [this] { return released_; });
}

bool Exchange::is_finished() const {
  const std::scoped_lock lock(mutex_);
  return finished_;
}

std::optional<Response> Exchange::head() const {
  const std::scoped_lock lock(mutex_);
  return head_;
}

std::optional<std::string_view> Exchange::chunk() const {
  const std::scoped_lock lock(mutex_);
  return chunk_;
}

void Exchange::release_chunk() {
  std::function<void(bool)> taken;
  {
    const std::scoped_lock lock(mutex_);
    chunk_.reset();
    taken = std::exchange(chunk_taken_, nullptr);
  }
  if (taken) taken(true);
}

void Exchange::collect() {
  std::function<void(bool)> taken;
  bool wanted = true;
  {
    const std::scoped_lock lock(mutex_);
    collecting_ = true;
    if (chunk_) wanted = append(*chunk_);
    chunk_.reset();
    taken = std::exchange(chunk_taken_, nullptr);
  }
  if (taken) taken(wanted);
}

void Exchange::abandon() {
  std::function<void(bool)> taken;
  {
    const std::scoped_lock lock(mutex_);
    abandoned_ = true;
    chunk_.reset();
    taken = std::exchange(chunk_taken_, nullptr);
  }
  if (taken) taken(false);
}

Result<Response> Exchange::take_result() {
  const std::scoped_lock lock(mutex_);
  if (error_) return fail(*error_);
  if (!head_) return fail(ErrorKind::internal, "the request ended without a response");
  head_->body = std::move(body_);
  return std::move(*head_);
}

}  // namespace apiclient::http
