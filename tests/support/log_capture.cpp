#include "support/log_capture.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>

namespace apiclient::test {
namespace {

class TextSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    text_.append(line.data(), line.size());
  }
  void flush_() override {}

  std::string text_;
};

}  // namespace

struct LogCapture::State {
  std::shared_ptr<TextSink> sink = std::make_shared<TextSink>();
  std::vector<spdlog::sink_ptr> replaced;
};

LogCapture::LogCapture(telemetry::LogOptions options) : state_(std::make_unique<State>()) {
  telemetry::init_logging(options);
  state_->sink->set_pattern("%v");
  const auto logger = spdlog::get("apiclient");
  state_->replaced = std::exchange(logger->sinks(), {state_->sink});
}

LogCapture::~LogCapture() { spdlog::get("apiclient")->sinks() = std::move(state_->replaced); }

std::string LogCapture::text() const { return state_->sink->text(); }

std::vector<std::string> LogCapture::lines() const {
  std::vector<std::string> lines;
  std::string rest = text();
  for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
    lines.push_back(rest.substr(0, end));
    rest.erase(0, end + 1);
  }
  return lines;
}

}  // namespace apiclient::test
