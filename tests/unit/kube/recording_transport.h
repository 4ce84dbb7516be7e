#pragma once
// Answers requests from a prepared list, in order, and remembers what was asked. Not thread-safe.

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "http/transport.h"

namespace apiclient::test {

class RecordingTransport final : public http::Transport {
 public:
  RecordingTransport() = default;
  RecordingTransport(const RecordingTransport&) = delete;
  RecordingTransport& operator=(const RecordingTransport&) = delete;
  ~RecordingTransport() override {
    EXPECT_TRUE(answers_.empty()) << answers_.size() << " answers were not fetched";
  }

  void answer(int status_code, std::string body, http::Headers headers = {}) {
    answers_.emplace_back(
        http::Response{.status_code = status_code, .headers = std::move(headers), .body = std::move(body)});
  }
  void answer(Error error) { answers_.emplace_back(fail(std::move(error))); }

  Result<http::Response> send(const http::Request& request, std::stop_token /*stop*/) override {
    return next(request);
  }

  /// A 200 is streamed in two pieces.
  Result<http::Response> stream(const http::Request& request, const OnChunk& on_chunk,
                                std::stop_token /*stop*/) override {
    auto response = next(request);
    if (!response || !response->ok()) return response;
    const std::string body = std::exchange(response->body, {});
    RETURN_IF_ERROR(on_chunk(std::string_view(body).substr(0, body.size() / 2)));
    RETURN_IF_ERROR(on_chunk(std::string_view(body).substr(body.size() / 2)));
    return response;
  }

  std::vector<http::Request> requests;

 private:
  Result<http::Response> next(const http::Request& request) {
    requests.push_back(request);
    if (answers_.empty()) return fail(ErrorKind::internal, "no answer is prepared");
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  std::deque<Result<http::Response>> answers_;
};

}  // namespace apiclient::test
