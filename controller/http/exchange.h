#pragma once
// One request on its way: library threads put here what arrives, the calling thread waits for it.
// Thread-safe. Shared by both sides, because the library may report later than the caller is willing to wait.

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace apiclient::http {

class Exchange {
 public:
  /// With `collect_body` the body is gathered in the response; else each chunk waits for the caller.
  Exchange(bool collect_body, std::size_t max_body_bytes);

  // The library's side.
  void set_head(Response head);
  /// `taken` is called once, on any thread: true when the next chunk may come, false when no more is wanted.
  /// `data` must live until then.
  void offer(std::string_view data, std::function<void(bool)> taken);
  /// The answer is complete, or there will be none.
  void finish(std::optional<Error> error);
  /// The last call: the library holds nothing of this exchange any more, its connection is free.
  void release();

  // The caller's side.
  enum class Progress { made, stopped, timed_out };
  /// Until the head is there or the exchange is finished.
  [[nodiscard]] Progress wait_head(std::stop_token stop, BootTime deadline);
  /// Until a chunk is there or the exchange is finished.
  [[nodiscard]] Progress wait_chunk(std::stop_token stop, BootTime deadline);
  [[nodiscard]] Progress wait_finished(std::stop_token stop, BootTime deadline);
  [[nodiscard]] Progress wait_released(BootTime deadline);

  [[nodiscard]] bool is_finished() const;
  [[nodiscard]] std::optional<Response> head() const;
  /// The chunk that waits; valid until `release_chunk`. Empty when there is none.
  [[nodiscard]] std::optional<std::string_view> chunk() const;
  void release_chunk();
  /// From now on the body is gathered.
  void collect();
  /// Nothing more is wanted; what still arrives is refused.
  void abandon();
  /// After the end: the response, or what went wrong.
  [[nodiscard]] Result<Response> take_result();

 private:
  template <typename Condition>
  Progress wait(std::stop_token stop, BootTime deadline, Condition condition);
  bool append(std::string_view data);

  const std::size_t max_body_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool collecting_;
  bool abandoned_ = false;
  bool finished_ = false;
  bool released_ = false;
  std::optional<Response> head_;
  std::string body_;
  std::optional<Error> error_;
  std::optional<std::string_view> chunk_;
  std::function<void(bool)> chunk_taken_;
};

}  // namespace apiclient::http
