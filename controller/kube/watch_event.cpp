#include "kube/watch_event.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "json/reader.h"
#include "kube/api_error.h"

namespace apiclient::kube {
namespace {

Result<Bookmark> read_bookmark(const Json& object) {
  json::Problems problems;
  const json::Reader metadata = json::Reader(object, problems).object("metadata");
  Bookmark bookmark{.resource_version = metadata.text("resourceVersion")};
  const Json& end = metadata.object("annotations").raw("k8s.io/initial-events-end");
  bookmark.initial_events_end = end.is_string() && end == "true";
  if (!problems.all().empty() || bookmark.resource_version.empty()) {
    return fail(ErrorKind::protocol, "a bookmark without a resource version");
  }
  return bookmark;
}

/// metav1.WatchEvent to one of ours. A Table is what a proxy may negotiate in place of the object.
Result<WatchEvent> read_event(Json&& line) {
  json::Problems ignored;
  const json::Reader reader(line, ignored);
  const std::string type = reader.optional_text("type").value_or("");
  if (!reader.raw("object").is_object()) return fail(ErrorKind::protocol, "a watch event without an object");
  if (type == "ERROR") return fail(error_from_status(reader.raw("object")));
  if (reader.object("object").optional_text("kind") == "Table") {
    return fail(ErrorKind::protocol, "a watch event of kind Table");
  }
  if (type == "BOOKMARK") {
    ASSIGN_OR_RETURN(Bookmark bookmark, read_bookmark(reader.raw("object")));
    return WatchEvent(std::move(bookmark));
  }
  if (type == "ADDED" || type == "MODIFIED") return WatchEvent(ObjectChanged{std::move(line["object"])});
  if (type == "DELETED") return WatchEvent(ObjectDeleted{std::move(line["object"])});
  return fail(ErrorKind::protocol, "a watch event of unknown type");
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

WatchDecoder::WatchDecoder(std::function<Result<void>(WatchEvent&&)> on_event, std::size_t max_line)
    : on_event_(std::move(on_event)), max_line_(max_line) {}

Result<void> WatchDecoder::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t end = std::min(chunk.find('\n'), chunk.size());
    if (end > max_line_ - pending_.size()) {
      return fail(ErrorKind::protocol,
                  "a watch event is longer than " + std::to_string(max_line_) + " bytes");
    }
    const std::string_view piece = chunk.substr(0, end);
    if (end == chunk.size()) {
      pending_.append(piece);
      return {};
    }
    chunk.remove_prefix(end + 1);
    if (pending_.empty()) {
      RETURN_IF_ERROR(decode_line(piece));
      continue;
    }
    // Taken out first: the buffer is free before the handler runs, and a large event leaves no large buffer
    // behind.
    const std::string line = std::exchange(pending_, {}).append(piece);
    RETURN_IF_ERROR(decode_line(line));
  }
  return {};
}

Result<void> WatchDecoder::finish() const {
  if (is_blank(pending_)) return {};
  return fail(ErrorKind::unavailable, "the watch stream ended inside an event");
}

Result<void> WatchDecoder::decode_line(std::string_view line) {
  if (is_blank(line)) return {};
  ASSIGN_OR_RETURN(Json document, json::parse(line, {.max_bytes = max_line_}));
  ASSIGN_OR_RETURN(WatchEvent event, read_event(std::move(document)));
  return on_event_(std::move(event));
}

}  // namespace apiclient::kube
