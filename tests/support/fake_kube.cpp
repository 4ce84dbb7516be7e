#include "support/fake_kube.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/rfc3339.h"
#include "kube/api_request.h"
#include "support/fake_kube_rules.h"

namespace apiclient::test {

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::find: return "find";
    case Verb::list: return "list";
    case Verb::watch: return "watch";
    case Verb::create: return "create";
    case Verb::replace: return "replace";
    case Verb::rehearse: return "rehearse";
    case Verb::replace_status: return "replace_status";
    case Verb::merge_patch: return "merge_patch";
    case Verb::remove: return "remove";
  }
  return "?";
}

namespace {

/// 0 for none.
std::int64_t number_of(const std::string& version) {
  std::int64_t number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

Json as_content(kube::Content content, Json object) {
  return content == kube::Content::metadata ? metadata_only(object) : std::move(object);
}

Result<bool> selected(const Json& object, const auto& options) {
  if (object.is_null()) return false;
  return test::selected(object, options.namespace_name, options.label_selector, options.field_selector);
}

std::optional<Error> take_fault(auto& faults, Verb verb, const std::string& resource, bool after_doing) {
  const auto found = std::find_if(faults.begin(), faults.end(), [&](const auto& fault) {
    return fault.verb == verb && fault.resource == resource && fault.after_doing == after_doing;
  });
  if (found == faults.end()) return std::nullopt;
  Error error = std::move(found->error);
  faults.erase(found);
  return error;
}

std::size_t first_after(const auto& history, std::int64_t version) {
  const auto found = std::find_if(history.begin(), history.end(),
                                  [version](const auto& change) { return change.version > version; });
  return static_cast<std::size_t>(found - history.begin());
}

/// What a watch with these options sees of a change; empty when nothing.
Result<std::optional<kube::WatchEvent>> event_of(const auto& change, const kube::WatchOptions& options) {
  if (change.before.is_null() && change.after.is_null()) {
    return std::optional<kube::WatchEvent>(
        kube::Bookmark{.resource_version = std::to_string(change.version)});
  }
  ASSIGN_OR_RETURN(const bool was_selected, selected(change.before, options));
  ASSIGN_OR_RETURN(const bool is_selected, selected(change.after, options));
  if (is_selected) {
    return std::optional<kube::WatchEvent>(kube::ObjectChanged{as_content(options.content, change.after)});
  }
  if (!was_selected) return std::optional<kube::WatchEvent>();
  // An object that left the selection comes in its new state (Kubernetes API concepts, "Efficient
  // detection").
  const Json& last = change.after.is_null() ? change.before : change.after;
  return std::optional<kube::WatchEvent>(kube::ObjectDeleted{as_content(options.content, last)});
}

/// A status in a create is not kept where it is a subresource.
Json as_created(const kube::ResourceType& type, Json object) {
  if (has_status_subresource(type)) object.erase("status");
  for (const char* member :
       {"uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp"}) {
    object["metadata"].erase(member);
  }
  return object;
}

}  // namespace

/// The state under its lock, and what may be done to it.
class FakeKube::Server {
 public:
  Server(FakeKube& kube, State& state) : kube_(kube), state_(state) {}

  State& state() { return state_; }

  Json* find(const kube::ResourceType& type, const kube::ObjectKey& key) {
    auto& objects = state_.objects[type.resource];
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : &found->second;
  }

  Result<void> check_create(const kube::ResourceType& type, const kube::ObjectKey& key) {
    if (find(type, key) != nullptr) {
      return refused(409, "AlreadyExists", type.resource + " \"" + key.name + "\" already exists");
    }
    if (state_.terminating.contains(key.namespace_name)) {
      return refused(403, "NamespaceTerminating", "namespace " + key.namespace_name + " is being terminated");
    }
    return {};
  }

  Json insert(const kube::ResourceType& type, Json object) {
    complete(type, object);
    const kube::ObjectKey key = key_of(object);
    Json& place = state_.objects[type.resource][key];
    return place = record(type, Json(), std::move(object));
  }

  /// Stores the next state of an object, or lets it go when it was only waiting for its finalizers.
  Json update(const kube::ResourceType& type, Json& current, Json next) {
    if (next == current) return current;
    const Json& metadata = next["metadata"];
    if (metadata.contains("deletionTimestamp") && metadata.value("finalizers", Json::array()).empty()) {
      return erase(type, current, std::move(next));
    }
    return current = record(type, current, std::move(next));
  }

  Json erase(const kube::ResourceType& type, const Json& current, Json last) {
    const kube::ObjectKey key = key_of(current);
    Change& change = append(type, current, std::move(last));
    Json gone = std::exchange(change.after, Json());
    change.before = gone;
    state_.objects[type.resource].erase(key);
    return gone;
  }

  Json remove(const kube::ResourceType& type, Json& current) {
    if (current["metadata"].value("finalizers", Json::array()).empty()) return erase(type, current, current);
    if (current["metadata"].contains("deletionTimestamp")) return current;
    Json next = current;
    Json& metadata = next["metadata"];
    metadata["deletionTimestamp"] = format_rfc3339(kube_.clock_.wall_now());
    metadata["deletionGracePeriodSeconds"] = 0;
    if (metadata.contains("generation"))
      metadata["generation"] = metadata["generation"].get<std::int64_t>() + 1;
    return update(type, current, std::move(next));
  }

 private:
  void complete(const kube::ResourceType& type, Json& object) {
    fold_string_data(object);
    Json& metadata = object["metadata"];
    if (!metadata.contains("name")) {
      metadata["name"] = metadata.value("generateName", "unnamed-") + std::to_string(++state_.uids);
    }
    if (!object.contains("apiVersion")) object["apiVersion"] = type.api_version();
    if (!object.contains("kind")) object["kind"] = type.kind;
    if (metadata.value("uid", "").empty()) {
      const std::string number = std::to_string(++state_.uids);
      metadata["uid"] = "00000000-0000-4000-8000-" +
                        std::string(12 - std::min<std::size_t>(number.size(), 12), '0') + number;
    }
    if (!metadata.contains("creationTimestamp")) {
      metadata["creationTimestamp"] = format_rfc3339(kube_.clock_.wall_now());
    }
    if (object.contains("spec") && !metadata.contains("generation")) metadata["generation"] = 1;
  }

  Json record(const kube::ResourceType& type, const Json& before, Json after) {
    return append(type, before, std::move(after)).after;
  }

  Change& append(const kube::ResourceType& type, const Json& before, Json after) {
    after["metadata"]["resourceVersion"] = std::to_string(++state_.version);
    state_.history.push_back({state_.version, type.resource, before, std::move(after)});
    kube_.changed_.notify_all();
    return state_.history.back();
  }

  FakeKube& kube_;
  State& state_;
};

// What other people do
// ----------------------------------------------------------------------------------------

Json FakeKube::put(const kube::ResourceType& type, Json object) {
  auto state = state_.lock();
  Server server(*this, *state);
  Json* current = server.find(type, key_of(object));
  if (current == nullptr) return server.insert(type, std::move(object));
  Json given = object;
  Json next = updated(type, *current, std::move(object)).value_or(given);
  if (given.contains("status")) next["status"] = given["status"];
  for (const char* member : {"uid", "deletionTimestamp", "creationTimestamp"}) {
    if (given["metadata"].contains(member)) next["metadata"][member] = given["metadata"][member];
  }
  return server.update(type, *current, std::move(next));
}

void FakeKube::erase(const kube::ResourceType& type, const kube::ObjectKey& key) {
  auto state = state_.lock();
  Server server(*this, *state);
  if (Json* current = server.find(type, key); current != nullptr) server.erase(type, *current, *current);
}

Json FakeKube::get(const kube::ResourceType& type, const kube::ObjectKey& key) const {
  auto state = state_.lock();
  const auto& objects = state->objects[type.resource];
  const auto found = objects.find(key);
  return found == objects.end() ? Json() : found->second;
}

std::vector<Json> FakeKube::all(const kube::ResourceType& type) const {
  auto state = state_.lock();
  std::vector<Json> objects;
  for (const auto& [key, object] : state->objects[type.resource]) objects.push_back(object);
  return objects;
}

// Switches
// ----------------------------------------------------------------------------------------------------

void FakeKube::fail_next(Verb verb, std::string resource, Error error) {
  state_.lock()->faults.push_back({verb, std::move(resource), std::move(error), false});
}

void FakeKube::lose_reply_next(Verb verb, std::string resource) {
  Error lost{.kind = ErrorKind::unavailable, .message = "the reply was lost"};
  state_.lock()->faults.push_back({verb, std::move(resource), std::move(lost), true});
}

void FakeKube::on_write(std::function<void(const Write&)> hook) { state_.lock()->hook = std::move(hook); }

void FakeKube::terminate_namespace(std::string name) { state_.lock()->terminating.insert(std::move(name)); }

void FakeKube::compact() {
  auto state = state_.lock();
  state->compacted = ++state->version;
}

void FakeKube::send_bookmarks() {
  auto state = state_.lock();
  state->history.push_back({state->version, "", Json(), Json()});
  changed_.notify_all();
}

void FakeKube::end_watches(std::optional<Error> error) {
  auto state = state_.lock();
  state->watch_end = std::move(error);
  ++state->watch_epoch;
  changed_.notify_all();
}

// What happened
// -----------------------------------------------------------------------------------------------

std::vector<FakeKube::Write> FakeKube::writes() const { return state_.lock()->writes; }

void FakeKube::clear_writes() { state_.lock()->writes.clear(); }

int FakeKube::calls(Verb verb, const std::string& resource) const {
  return state_.lock()->calls[{verb, resource}];
}

// kube::Client: reads
// -----------------------------------------------------------------------------------------

Result<void> FakeKube::enter(Verb verb, const std::string& resource, const std::stop_token& stop) {
  auto state = state_.lock();
  ++state->calls[{verb, resource}];
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "asked to stop");
  if (auto error = take_fault(state->faults, verb, resource, false)) return fail(std::move(*error));
  return {};
}

Result<std::optional<Json>> FakeKube::find(const kube::ResourceType& type, const kube::ObjectKey& key,
                                           std::stop_token stop) {
  RETURN_IF_ERROR(kube::find_request(type, key));
  RETURN_IF_ERROR(enter(Verb::find, type.resource, stop));
  Json object = get(type, key);
  if (object.is_null()) return std::optional<Json>();
  return std::optional<Json>(std::move(object));
}

Result<std::string> FakeKube::list(const kube::ResourceType& type, const kube::ListOptions& options,
                                   const std::function<Result<void>(Json&& item)>& on_item,
                                   std::stop_token stop) {
  RETURN_IF_ERROR(enter(Verb::list, type.resource, stop));
  std::vector<Json> items;
  std::int64_t version = 0;
  {
    auto state = state_.lock();
    version = state->version;
    if (number_of(options.resource_version) > version) {
      return refused(410, "Expired", "the resource version is in the future");
    }
    for (const auto& [key, object] : state->objects[type.resource]) items.push_back(object);
  }
  for (Json& item : items) {
    ASSIGN_OR_RETURN(const bool wanted, selected(item, options));
    if (wanted) RETURN_IF_ERROR(on_item(as_content(options.content, std::move(item))));
  }
  return std::to_string(version);
}

Result<FakeKube::Watch> FakeKube::open_watch(const kube::ResourceType& type,
                                             const kube::WatchOptions& options) {
  auto state = state_.lock();
  Watch watch{.epoch = state->watch_epoch, .deadline = std::chrono::steady_clock::now() + options.timeout};
  const std::int64_t from = number_of(options.resource_version);
  if (from != 0 && from < state->compacted) return refused(410, "Expired", "too old resource version");
  watch.next = from == 0 ? state->history.size() : first_after(state->history, from);
  if (from != 0) return watch;
  for (const auto& [key, object] : state->objects[type.resource]) {
    watch.pending.push_back({state->version, type.resource, Json(), object});
  }
  return watch;
}

/// Waits for changes; false when the watch has ended cleanly.
Result<bool> FakeKube::wait_for_changes(Watch& watch, const std::stop_token& stop) {
  auto state = state_.lock();
  const auto ready = [&] { return watch.next < state->history.size() || state->watch_epoch != watch.epoch; };
  const bool in_time = changed_.wait_until(state.handle(), stop, watch.deadline, ready);
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "asked to stop");
  if (!in_time) return false;
  for (; watch.next < state->history.size(); ++watch.next)
    watch.pending.push_back(state->history[watch.next]);
  if (!watch.pending.empty()) return true;
  if (state->watch_end) return fail(*state->watch_end);
  return false;
}

Result<void> FakeKube::watch(const kube::ResourceType& type, const kube::WatchOptions& options,
                             const std::function<Result<void>(kube::WatchEvent&& event)>& on_event,
                             std::stop_token stop) {
  RETURN_IF_ERROR(enter(Verb::watch, type.resource, stop));
  ASSIGN_OR_RETURN(Watch watch, open_watch(type, options));
  bool more = true;
  while (more) {
    for (const Change& change : std::exchange(watch.pending, {})) {
      if (!change.resource.empty() && change.resource != type.resource) continue;
      ASSIGN_OR_RETURN(auto event, event_of(change, options));
      if (event) RETURN_IF_ERROR(on_event(std::move(*event)));
    }
    ASSIGN_OR_RETURN(more, wait_for_changes(watch, stop));
  }
  return {};
}

// kube::Client: writes
// ----------------------------------------------------------------------------------------

Result<Json> FakeKube::write(Write request, const std::function<Result<Json>(Server&)>& apply,
                             const std::stop_token& stop) {
  RETURN_IF_ERROR(enter(request.verb, request.resource, stop));
  const auto hook = state_.lock()->hook;
  if (hook) hook(request);
  auto state = state_.lock();
  Server server(*this, *state);
  auto result = apply(server);
  if (!result) return result;
  auto lost = take_fault(state->faults, request.verb, request.resource, true);
  state->writes.push_back(std::move(request));
  if (lost) return fail(std::move(*lost));
  return result;
}

Result<Json> FakeKube::create(const kube::ResourceType& type, const Json& object,
                              std::string_view field_manager, std::stop_token stop) {
  const auto apply = [&](Server& server) -> Result<Json> {
    RETURN_IF_ERROR(server.check_create(type, key_of(object)));
    return server.insert(type, as_created(type, object));
  };
  RETURN_IF_ERROR(kube::create_request(type, object, field_manager));
  return write({Verb::create, type.resource, key_of(object), std::string(field_manager), object}, apply,
               stop);
}

Result<Json> FakeKube::replace(const kube::ResourceType& type, const Json& object,
                               std::string_view field_manager, std::stop_token stop) {
  const auto apply = [&](Server& server) -> Result<Json> {
    Json* current = server.find(type, key_of(object));
    if (current == nullptr) return absent(type, key_of(object).name);
    RETURN_IF_ERROR(check_preconditions(*current, preconditions_in(object)));
    ASSIGN_OR_RETURN(Json next, updated(type, *current, object));
    return server.update(type, *current, std::move(next));
  };
  RETURN_IF_ERROR(kube::replace_request(type, object, field_manager));
  return write({Verb::replace, type.resource, key_of(object), std::string(field_manager), object}, apply,
               stop);
}

Result<void> FakeKube::rehearse(const kube::ResourceType& type, const Json& object,
                                std::string_view field_manager, std::stop_token stop) {
  RETURN_IF_ERROR(kube::rehearse_request(type, object, field_manager));
  RETURN_IF_ERROR(enter(Verb::rehearse, type.resource, stop));
  auto state = state_.lock();
  Server server(*this, *state);
  if (!object["metadata"].contains("resourceVersion")) return server.check_create(type, key_of(object));
  Json* current = server.find(type, key_of(object));
  if (current == nullptr) return absent(type, key_of(object).name);
  RETURN_IF_ERROR(check_preconditions(*current, preconditions_in(object)));
  RETURN_IF_ERROR(updated(type, *current, object));
  return {};
}

Result<Json> FakeKube::replace_status(const kube::ResourceType& type, const Json& object,
                                      std::string_view field_manager, std::stop_token stop) {
  const auto apply = [&](Server& server) -> Result<Json> {
    Json* current = server.find(type, key_of(object));
    if (current == nullptr) return absent(type, key_of(object).name);
    RETURN_IF_ERROR(check_preconditions(*current, preconditions_in(object)));
    return server.update(type, *current, with_status(*current, object));
  };
  RETURN_IF_ERROR(kube::replace_status_request(type, object, field_manager));
  return write({Verb::replace_status, type.resource, key_of(object), std::string(field_manager), object},
               apply, stop);
}

Result<Json> FakeKube::merge_patch(const kube::ResourceType& type, const kube::ObjectKey& key,
                                   const Json& patch, std::string_view field_manager, std::stop_token stop) {
  const auto apply = [&](Server& server) -> Result<Json> {
    Json* current = server.find(type, key);
    if (current == nullptr) return absent(type, key.name);
    RETURN_IF_ERROR(check_preconditions(*current, preconditions_in(patch)));
    Json merged = *current;
    merged.merge_patch(patch);
    ASSIGN_OR_RETURN(Json next, updated(type, *current, std::move(merged)));
    return server.update(type, *current, std::move(next));
  };
  RETURN_IF_ERROR(kube::merge_patch_request(type, key, patch, field_manager));
  return write({Verb::merge_patch, type.resource, key, std::string(field_manager), patch}, apply, stop);
}

Result<void> FakeKube::remove(const kube::ResourceType& type, const kube::ObjectKey& key,
                              const kube::Preconditions& preconditions, std::stop_token stop) {
  const auto apply = [&](Server& server) -> Result<Json> {
    Json* current = server.find(type, key);
    if (current == nullptr) return Json();
    RETURN_IF_ERROR(check_preconditions(*current, preconditions));
    return server.remove(type, *current);
  };
  RETURN_IF_ERROR(kube::remove_request(type, key, preconditions));
  RETURN_IF_ERROR(write({Verb::remove, type.resource, key, "", Json()}, apply, stop));
  return {};
}

}  // namespace apiclient::test
