#include "support/log_capture.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "support/text_sink.h"

namespace apiclient::test {

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

std::vector<std::string> LogCapture::lines() const { return state_->sink->lines(); }

}  // namespace apiclient::test
