#pragma once
// A Transport that expects certain requests in a certain order and answers them as told. Surplus and missing
// requests fail the test. Thread-safe.

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "http/transport.h"

namespace apiclient::test {

class ScriptedTransport final : public http::Transport {
 public:
  using Answer = std::function<Result<http::Response>(const http::Request&)>;

  ScriptedTransport() = default;
  /// Reports requests that were expected and did not come.
  ~ScriptedTransport() override;

  /// The next request has this method and path (with query); `status_code` and `body` are the answer.
  ScriptedTransport& expect(http::Method method, std::string path, int status_code, std::string body = {});
  ScriptedTransport& expect(http::Method method, std::string path, http::Response response);
  ScriptedTransport& expect(http::Method method, std::string path, Error error);
  /// The answer is computed from the request.
  ScriptedTransport& expect(http::Method method, std::string path, Answer answer);
  /// The next stream: these chunks one by one, then a clean end or the error.
  ScriptedTransport& expect_stream(std::string path, std::vector<std::string> chunks,
                                   std::optional<Error> end = {});

  Result<http::Response> send(const http::Request& request, std::stop_token stop) override;
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token stop) override;

  /// All requests so far, surplus ones included.
  [[nodiscard]] std::vector<http::Request> requests() const;
  [[nodiscard]] std::size_t left() const;

 private:
  struct Step {
    http::Method method = http::Method::get;
    std::string path;
    Answer answer;
    std::vector<std::string> chunks;
    bool is_stream = false;
  };
  std::optional<Step> next(const http::Request& request, bool is_stream);

  mutable std::mutex mutex_;
  std::deque<Step> steps_;
  std::vector<http::Request> requests_;
};

}  // namespace apiclient::test
