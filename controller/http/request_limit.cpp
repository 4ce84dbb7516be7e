#include "http/request_limit.h"

namespace apiclient::http {

RequestLimit::Place::~Place() {
  if (limit_ == nullptr) return;
  const std::scoped_lock lock(limit_->mutex_);
  ++limit_->free_;
  limit_->freed_.notify_one();
}

Result<RequestLimit::Place> RequestLimit::acquire(std::stop_token stop, BootTime deadline) {
  std::unique_lock lock(mutex_);
  if (freed_.wait_until(lock, stop, deadline, [this] { return free_ > 0; })) {
    --free_;
    return Place(*this);
  }
  if (stop.stop_requested())
    return fail(ErrorKind::cancelled, "asked to stop while other requests were under way");
  return fail(ErrorKind::timeout, "too many other requests were under way");
}

}  // namespace apiclient::http
