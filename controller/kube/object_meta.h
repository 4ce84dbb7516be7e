#pragma once
// The parts of metadata that an operator acts on. Plain value.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "json/json.h"
#include "json/reader.h"
#include "kube/object_key.h"

namespace apiclient::kube {

using StringMap = std::map<std::string, std::string, std::less<>>;

struct ObjectMeta {
  ObjectKey key = {};
  std::string uid = {};
  std::string resource_version = {};  ///< opaque; compare for equality only
  std::int64_t generation = 0;
  WallTime creation_timestamp = {};
  std::optional<WallTime> deletion_timestamp = {};
  std::vector<std::string> finalizers = {};
  StringMap labels = {};
  StringMap annotations = {};

  [[nodiscard]] bool deleting() const { return deletion_timestamp.has_value(); }
  [[nodiscard]] bool has_finalizer(std::string_view name) const;
  /// Empty when missing: an annotation without a value acts like none.
  [[nodiscard]] std::string_view annotation(std::string_view name) const;
  [[nodiscard]] std::string_view label(std::string_view name) const;
};

/// Reads `metadata` of an object; `object` is a reader of the whole object.
ObjectMeta read_object_meta(const json::Reader& object);
/// For callers that have no reader; problems make an `protocol` error.
Result<ObjectMeta> read_object_meta(const Json& object);

}  // namespace apiclient::kube
