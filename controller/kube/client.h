#pragma once
// The Kubernetes API as typed calls. Objects are JSON values here; only decoded structs are kept anywhere.
// Implementations are thread-safe; calls block until done, failed or stopped. A look-up has three answers:
// found, absent (a genuine 404 for that object), or an Error.

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "kube/object_key.h"
#include "kube/resource_type.h"
#include "kube/watch_event.h"

namespace apiclient::kube {

/// What of each object is wanted: all of it, or PartialObjectMetadata.
enum class Content { full, metadata };

struct ListOptions {
  std::string namespace_name = {};  ///< empty: all namespaces
  std::string label_selector = {};
  std::string field_selector = {};
  Content content = Content::full;
  /// Kubernetes API, "resourceVersion in list": "0" any cached state, "" the newest, else not older than it.
  std::string resource_version = "0";
  /// 0: all at once. A server may ignore it; with version "0" its watch cache does.
  int page_size = 500;
};

struct WatchOptions {
  std::string namespace_name = {};
  std::string label_selector = {};
  std::string field_selector = {};
  Content content = Content::full;
  std::string resource_version = {};
  std::chrono::seconds timeout{300};  ///< the server ends the watch after this
};

/// Preconditions of a delete (metav1.Preconditions); empty members are not sent.
struct Preconditions {
  std::string uid = {};
  std::string resource_version = {};
};

class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  /// A live, uncached read.
  virtual Result<std::optional<Json>> find(const ResourceType& type, const ObjectKey& key,
                                           std::stop_token stop) = 0;
  /// All pages, in order, each item once; returns the list's resource version. An error of `on_item` ends it.
  /// `expired` can come after some items, when the rest of the list is no longer to be had: drop them, begin
  /// again.
  virtual Result<std::string> list(const ResourceType& type, const ListOptions& options,
                                   const std::function<Result<void>(Json&& item)>& on_item,
                                   std::stop_token stop) = 0;
  /// Events in order until the server ends the stream (success), an error, or stop. An ERROR event
  /// (metav1.Status in a 200 stream) comes back as an error of that code; 410 has kind `expired`.
  virtual Result<void> watch(const ResourceType& type, const WatchOptions& options,
                             const std::function<Result<void>(WatchEvent&& event)>& on_event,
                             std::stop_token stop) = 0;
};

class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  virtual ~Writer() = default;

  /// Each returns the object as stored. Every object written carries what its caller read: metadata.uid and
  /// metadata.resourceVersion are preconditions (409 → `conflict`); a create of an existing name is
  /// `already_exists`. `field_manager` is one of the constants of api/names.h.
  virtual Result<Json> create(const ResourceType& type, const Json& object, std::string_view field_manager,
                              std::stop_token stop) = 0;
  virtual Result<Json> replace(const ResourceType& type, const Json& object, std::string_view field_manager,
                               std::stop_token stop) = 0;
  /// Whether the server would take this object now, with nothing stored (dryRun=All): rights, quota,
  /// admission, a live namespace. A replacement when it has a metadata.resourceVersion, else a create.
  virtual Result<void> rehearse(const ResourceType& type, const Json& object, std::string_view field_manager,
                                std::stop_token stop) = 0;
  virtual Result<Json> replace_status(const ResourceType& type, const Json& object,
                                      std::string_view field_manager, std::stop_token stop) = 0;
  /// RFC 7386 merge patch; put metadata.uid and metadata.resourceVersion into it as preconditions.
  virtual Result<Json> merge_patch(const ResourceType& type, const ObjectKey& key, const Json& patch,
                                   std::string_view field_manager, std::stop_token stop) = 0;
  /// Absent is success; a failed precondition is `conflict`.
  virtual Result<void> remove(const ResourceType& type, const ObjectKey& key,
                              const Preconditions& preconditions, std::stop_token stop) = 0;
};

class Client : public Reader, public Writer {};

}  // namespace apiclient::kube
