#include "runtime/reflector.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/overloaded.h"
#include "base/random.h"
#include "runtime/pause.h"

namespace apiclient::runtime {
namespace {

/// Text of a member of metadata; empty when missing or of another type.
std::string metadata_text(const Json& object, const char* member) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  const auto found = metadata->find(member);
  if (found == metadata->end() || !found->is_string()) return {};
  return found->get<std::string>();
}

/// A watch from "" or "0" begins with the present objects in any order: their versions are no place to go on
/// from.
bool is_version(const std::string& list_version) { return !list_version.empty() && list_version != "0"; }

/// The one field by which the API server selects objects of every type.
std::string selector_of(const ReflectorOptions& options) {
  return options.object_name.empty() ? "" : "metadata.name=" + options.object_name;
}

const Error* error_of(const WatchOutcome& outcome) {
  if (const auto* failed = std::get_if<ListFailed>(&outcome)) return &failed->error;
  if (const auto* failed = std::get_if<WatchFailed>(&outcome)) return &failed->error;
  return nullptr;
}

}  // namespace

kube::ObjectKey key_of(const Json& object) {
  return {.namespace_name = metadata_text(object, "namespace"), .name = metadata_text(object, "name")};
}

Reflector::Reflector(kube::Reader& reader, ReflectorOptions options, ReflectorSink& sink, const Clock& clock)
    : reader_(reader),
      options_(std::move(options)),
      sink_(sink),
      clock_(clock),
      log_(telemetry::Log().with({{"resource", options_.type.resource}})) {}

void Reflector::run(const std::stop_token& stop) {
  WatchState state = NeedsList{};
  int fruitless = 0;
  while (!stop.stop_requested()) {
    const WatchOutcome outcome = act(state, stop);
    if (stop.stop_requested()) return;
    report(outcome);
    fruitless = count_fruitless(fruitless, outcome);
    Advance next = advance(state, outcome, fruitless);
    if (next.back_off) pause(next_delay(outcome), stop);
    state = std::move(next.state);
  }
}

WatchOutcome Reflector::act(const WatchState& state, const std::stop_token& stop) {
  return std::visit(overloaded{[&](const NeedsList& listing) { return list(listing, stop); },
                               [&](const Watching& watching) { return watch(watching, stop); }},
                    state);
}

WatchOutcome Reflector::list(const NeedsList& state, const std::stop_token& stop) {
  sink_.list_started();
  kube::ListOptions options{.namespace_name = options_.namespace_name,
                            .label_selector = options_.label_selector,
                            .field_selector = selector_of(options_),
                            .content = options_.content,
                            .resource_version = state.resource_version};
  // Kubernetes API, "resourceVersion in list": with a limit, a version means exactly that state, not "not
  // older".
  if (is_version(state.resource_version)) options.page_size = 0;
  auto version = reader_.list(
      options_.type, options, [this](Json&& item) { return sink_.listed(std::move(item)); }, stop);
  if (version && !is_version(*version))
    version = fail(ErrorKind::protocol, "the list has no resource version");
  if (!version) return ListFailed{std::move(version).error(), last_version_};
  sink_.list_finished();
  last_version_ = *version;
  return ListFinished{last_version_};
}

WatchOutcome Reflector::watch(const Watching& state, const std::stop_token& stop) {
  const std::chrono::duration<double> longest = options_.shortest_watch * (1.0 + random_unit());
  const kube::WatchOptions options{.namespace_name = options_.namespace_name,
                                   .label_selector = options_.label_selector,
                                   .field_selector = selector_of(options_),
                                   .content = options_.content,
                                   .resource_version = state.resource_version,
                                   .timeout = std::chrono::duration_cast<std::chrono::seconds>(longest)};
  const BootTime started_at = clock_.now();
  WatchEnded seen;
  auto ended = reader_.watch(
      options_.type, options, [&](kube::WatchEvent&& event) { return apply(std::move(event), seen); }, stop);
  if (!ended) return WatchFailed{std::move(ended).error(), last_version_};
  seen.last_version = last_version_;
  seen.lasted = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - started_at);
  return seen;
}

Result<void> Reflector::apply(kube::WatchEvent&& event, WatchEnded& seen) {
  std::string version;
  if (auto* bookmark = std::get_if<kube::Bookmark>(&event)) {
    version = std::move(bookmark->resource_version);
  } else if (auto* changed = std::get_if<kube::ObjectChanged>(&event)) {
    version = metadata_text(changed->object, "resourceVersion");
    ++seen.events;
    RETURN_IF_ERROR(sink_.changed(std::move(changed->object)));
  } else if (auto* deleted = std::get_if<kube::ObjectDeleted>(&event)) {
    version = metadata_text(deleted->object, "resourceVersion");
    ++seen.events;
    RETURN_IF_ERROR(sink_.deleted(std::move(deleted->object)));
  }
  if (!version.empty()) last_version_ = std::move(version);
  return {};
}

std::chrono::milliseconds Reflector::next_delay(const WatchOutcome& outcome) {
  const BootTime now = clock_.now();
  if (failed_at_ && now - *failed_at_ >= options_.backoff_reset) failures_ = 0;
  failed_at_ = now;
  const auto delay = options_.backoff.delay(failures_++, random_unit());
  const Error* error = error_of(outcome);
  const auto asked = error == nullptr ? std::nullopt : error->retry_after;
  return std::max(delay, asked.value_or(std::chrono::milliseconds(0)));
}

void Reflector::report(const WatchOutcome& outcome) {
  if (const Error* error = error_of(outcome)) {
    const bool listing = std::holds_alternative<ListFailed>(outcome);
    const bool ordinary = error->kind == ErrorKind::expired;
    const telemetry::Fields fields = {{"kind", to_string(error->kind)}, {"error", error->message}};
    const std::string_view message = listing ? "list failed" : "watch failed";
    ordinary ? log_.info(message, fields) : log_.warning(message, fields);
  } else if (const auto* finished = std::get_if<ListFinished>(&outcome)) {
    log_.info(synced_ ? "listed again" : "listed for the first time",
              {{"version", finished->resource_version}});
    synced_ = true;
  } else if (const auto* ended = std::get_if<WatchEnded>(&outcome)) {
    log_.debug("watch ended", {{"events", ended->events}, {"lasted_ms", ended->lasted.count()}});
  }
}

}  // namespace apiclient::runtime
