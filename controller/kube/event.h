#pragma once
// events.k8s.io/v1 Event: what happened to an object, for the people who look at it. Plain values and pure
// functions. The limits are those of the API (pkg/apis/core/validation/events.go): what is longer is cut.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "json/json.h"
#include "kube/object_key.h"
#include "kube/resource_type.h"

namespace apiclient::kube {

extern const ResourceType kEvents;

enum class EventType { normal, warning };
std::string_view to_string(EventType type);

/// The object that an Event is about. It need not exist any more.
struct ObjectReference {
  std::string api_version = {};
  std::string kind = {};
  ObjectKey key = {};
  std::string uid = {};

  bool operator==(const ObjectReference&) const = default;
};
ObjectReference reference_to(const ResourceType& type, const ObjectKey& key, const std::string& uid);

struct Event {
  ObjectReference regarding = {};
  EventType type = EventType::normal;
  std::string reason = {};  ///< UpperCamel word, 1 to 128 bytes: why
  std::string action = {};  ///< UpperCamel word, 1 to 128 bytes: what was done or tried
  std::string note = {};    ///< for people, at most 1024 bytes; never a secret
};

/// Who reports: a qualified name, and which instance of it (at most 128 bytes).
struct EventSource {
  std::string controller = {};
  std::string instance = {};
};

/// "<name of the object>.<suffix>", in its namespace; Events about cluster-scoped objects live in `default`.
ObjectKey event_key(const ObjectReference& regarding, std::string_view suffix);
/// The Event as it is created: without a series.
Json write_event(const Event& event, const ObjectKey& key, const EventSource& source, WallTime time);
/// Merge patch of an Event that has happened `count` times (at least twice).
Json write_event_series(int count, WallTime last_observed);

}  // namespace apiclient::kube
