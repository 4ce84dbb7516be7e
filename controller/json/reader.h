#pragma once
// Reads typed members of a JSON object, remembers the path, collects every mistake. Not thread-safe; lives
// shorter than the value it reads and the problems list it fills.
//
//   json::Problems problems;
//   json::Reader reader(document, problems);
//   auto name = reader.object("metadata").text("name");            // required: a problem when missing
//   auto grants = reader.object("spec").optional_texts("grantTypes");
//   RETURN_IF_ERROR(problems.result("read ApiClient"));

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "json/json.h"

namespace apiclient::json {

/// Every mistake found, as "path: what is wrong".
class Problems {
 public:
  void add(std::string_view path, std::string_view problem);
  [[nodiscard]] const std::vector<std::string>& all() const { return problems_; }
  /// An `invalid` error that lists all problems, or success.
  [[nodiscard]] Result<void> result(std::string_view operation) const;

 private:
  std::vector<std::string> problems_;
};

class Reader {
 public:
  Reader(const Json& value, Problems& problems, std::string path = {});

  /// Required members: a problem and an empty value when missing or of another type.
  std::string text(std::string_view member) const;
  std::int64_t integer(std::string_view member) const;
  bool boolean(std::string_view member) const;
  WallTime time(std::string_view member) const;

  /// Optional members: empty when missing or null; a problem when of another type or out of range.
  std::optional<std::string> optional_text(std::string_view member) const;
  std::optional<std::int64_t> optional_integer(std::string_view member) const;
  std::optional<bool> optional_boolean(std::string_view member) const;
  std::optional<WallTime> optional_time(std::string_view member) const;
  /// Absent and empty are different answers.
  std::optional<std::vector<std::string>> optional_texts(std::string_view member) const;
  /// Members of an object whose values are strings, sorted by name.
  std::vector<std::pair<std::string, std::string>> text_map(std::string_view member) const;

  /// A reader of the member; of an empty object when it is missing (each required member is then a problem).
  [[nodiscard]] Reader object(std::string_view member) const;
  [[nodiscard]] bool has(std::string_view member) const;
  /// Calls `visit` with a reader for each element of an array member; nothing when missing.
  void each(std::string_view member, const std::function<void(const Reader&)>& visit) const;
  /// The member as it is; null when missing.
  [[nodiscard]] const Json& raw(std::string_view member) const;
  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] std::string path_of(std::string_view member) const;
  const Json* value_;
  Problems* problems_;
  std::string path_;
};

}  // namespace apiclient::json
