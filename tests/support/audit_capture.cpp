#include "support/audit_capture.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "support/text_sink.h"
#include "telemetry/audit.h"

namespace apiclient::test {
namespace {

constexpr const char* kLogger = "apiclient.audit";

}  // namespace

struct AuditCapture::State {
  std::shared_ptr<TextSink> sink = std::make_shared<TextSink>();
  std::vector<spdlog::sink_ptr> replaced;
};

AuditCapture::AuditCapture() : state_(std::make_unique<State>()) {
  telemetry::init_audit();
  state_->sink->set_pattern("%v");
  state_->replaced = std::exchange(spdlog::get(kLogger)->sinks(), {state_->sink});
}

AuditCapture::~AuditCapture() { spdlog::get(kLogger)->sinks() = std::move(state_->replaced); }

std::vector<std::string> AuditCapture::lines() const { return state_->sink->lines(); }
void AuditCapture::clear() { state_->sink->clear(); }

}  // namespace apiclient::test
