#include "support/scripted_transport.h"

#include <gtest/gtest.h>

#include <utility>

namespace apiclient::test {
namespace {

std::string line_of(http::Method method, std::string_view path) {
  return std::string(http::to_string(method)).append(" ").append(path);
}

}  // namespace

ScriptedTransport::~ScriptedTransport() {
  for (const Step& step : steps_)
    ADD_FAILURE() << "expected and not sent: " << line_of(step.method, step.path);
}

ScriptedTransport& ScriptedTransport::expect(http::Method method, std::string path, Answer answer) {
  const std::scoped_lock lock(mutex_);
  steps_.push_back({.method = method, .path = std::move(path), .answer = std::move(answer), .chunks = {}});
  return *this;
}

ScriptedTransport& ScriptedTransport::expect(http::Method method, std::string path, http::Response response) {
  return expect(
      method, std::move(path),
      [response = std::move(response)](const http::Request&) -> Result<http::Response> { return response; });
}

ScriptedTransport& ScriptedTransport::expect(http::Method method, std::string path, int status_code,
                                             std::string body) {
  return expect(method, std::move(path), http::Response{.status_code = status_code, .body = std::move(body)});
}

ScriptedTransport& ScriptedTransport::expect(http::Method method, std::string path, Error error) {
  return expect(
      method, std::move(path),
      [error = std::move(error)](const http::Request&) -> Result<http::Response> { return fail(error); });
}

ScriptedTransport& ScriptedTransport::expect_stream(std::string path, std::vector<std::string> chunks,
                                                    std::optional<Error> end) {
  const auto answer = [end = std::move(end)](const http::Request&) -> Result<http::Response> {
    if (end) return fail(*end);
    return http::Response{.status_code = 200};
  };
  const std::scoped_lock lock(mutex_);
  steps_.push_back(
      {.path = std::move(path), .answer = answer, .chunks = std::move(chunks), .is_stream = true});
  return *this;
}

std::optional<ScriptedTransport::Step> ScriptedTransport::next(const http::Request& request, bool is_stream) {
  const std::scoped_lock lock(mutex_);
  requests_.push_back(request);
  const std::string sent = line_of(request.method, request.path);
  if (steps_.empty()) {
    ADD_FAILURE() << "sent and not expected: " << sent;
    return std::nullopt;
  }
  Step step = std::move(steps_.front());
  steps_.pop_front();
  EXPECT_EQ(sent, line_of(step.method, step.path));
  EXPECT_EQ(is_stream, step.is_stream) << sent;
  return step;
}

Result<http::Response> ScriptedTransport::send(const http::Request& request, std::stop_token /*stop*/) {
  const auto step = next(request, false);
  if (!step) return fail(ErrorKind::internal, "request was not expected");
  return step->answer(request);
}

Result<http::Response> ScriptedTransport::stream(const http::Request& request, const OnChunk& on_chunk,
                                                 std::stop_token stop) {
  const auto step = next(request, true);
  if (!step) return fail(ErrorKind::internal, "request was not expected");
  for (const std::string& chunk : step->chunks) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "asked to stop");
    RETURN_IF_ERROR(on_chunk(chunk));
  }
  return step->answer(request);
}

std::vector<http::Request> ScriptedTransport::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::size_t ScriptedTransport::left() const {
  const std::scoped_lock lock(mutex_);
  return steps_.size();
}

}  // namespace apiclient::test
