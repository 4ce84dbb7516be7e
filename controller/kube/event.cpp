#include "kube/event.h"

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "base/utf8.h"
#include "kube/cut_text.h"

namespace apiclient::kube {
namespace {

constexpr std::size_t kMostName = 253;
constexpr std::size_t kMostWord = 128;
constexpr std::size_t kMostNote = 1024;

/// What is no UTF-8 is replaced before the cut: the replacement is longer than the byte.
std::string text_of_at_most(std::size_t max_bytes, std::string_view text) {
  return cut_text(to_valid_utf8(text), max_bytes);
}

/// A name must not have "." or "-" before a dot (RFC 1123 subdomain).
std::string name_part(std::string_view name, std::size_t max_bytes) {
  std::string part = cut_text(name, max_bytes);
  while (part.ends_with('.') || part.ends_with('-')) part.pop_back();
  return part;
}

Json write_reference(const ObjectReference& object) {
  Json reference{{"apiVersion", object.api_version},
                 {"kind", object.kind},
                 {"name", object.key.name},
                 {"uid", object.uid}};
  if (!object.key.namespace_name.empty()) reference["namespace"] = object.key.namespace_name;
  return reference;
}

}  // namespace

const ResourceType kEvents{.group = "events.k8s.io", .version = "v1", .resource = "events", .kind = "Event"};

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::normal: return "Normal";
    case EventType::warning: return "Warning";
  }
  return "Normal";
}

ObjectReference reference_to(const ResourceType& type, const ObjectKey& key, const std::string& uid) {
  return {.api_version = type.api_version(), .kind = type.kind, .key = key, .uid = uid};
}

ObjectKey event_key(const ObjectReference& regarding, std::string_view suffix) {
  const ObjectKey& object = regarding.key;
  std::string name = name_part(object.name, kMostName - 1 - suffix.size());
  name.append(".").append(suffix);
  return {.namespace_name = object.namespace_name.empty() ? "default" : object.namespace_name,
          .name = std::move(name)};
}

Json write_event(const Event& event, const ObjectKey& key, const EventSource& source, WallTime time) {
  return {{"apiVersion", kEvents.api_version()},
          {"kind", kEvents.kind},
          {"metadata", {{"namespace", key.namespace_name}, {"name", key.name}}},
          {"eventTime", format_rfc3339_micro(time)},
          {"reportingController", source.controller},
          {"reportingInstance", text_of_at_most(kMostWord, source.instance)},
          {"regarding", write_reference(event.regarding)},
          {"type", to_string(event.type)},
          {"reason", text_of_at_most(kMostWord, event.reason)},
          {"action", text_of_at_most(kMostWord, event.action)},
          {"note", text_of_at_most(kMostNote, event.note)}};
}

Json write_event_series(int count, WallTime last_observed) {
  return {{"series", {{"count", count}, {"lastObservedTime", format_rfc3339_micro(last_observed)}}}};
}

}  // namespace apiclient::kube
