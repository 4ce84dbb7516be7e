#include "json/reader.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"

namespace apiclient::json {
namespace {

constexpr std::string_view kMissing = "is required";

const Json& null_value() {
  static const Json value;
  return value;
}

const Json& empty_object() {
  static const Json value = Json::object();
  return value;
}

std::string element_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

/// The integer, or empty when it is none or does not fit. A whole floating point number is one (RFC 8259 §6).
std::optional<std::int64_t> to_integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  constexpr double kExactLimit = 9007199254740992.0;  // 2^53
  if (!(number >= -kExactLimit && number <= kExactLimit)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(number);
  if (static_cast<double>(whole) < number || static_cast<double>(whole) > number) return std::nullopt;
  return whole;
}

}  // namespace

void Problems::add(std::string_view path, std::string_view problem) {
  problems_.push_back(std::string(path.empty() ? "document" : path).append(": ").append(problem));
}

Result<void> Problems::result(std::string_view operation) const {
  if (problems_.empty()) return {};
  std::string message(operation);
  const char* separator = ": ";
  for (const std::string& problem : problems_) {
    message.append(separator).append(problem);
    separator = "; ";
  }
  return fail(ErrorKind::invalid, std::move(message));
}

Reader::Reader(const Json& value, Problems& problems, std::string path)
    : value_(&value), problems_(&problems), path_(std::move(path)) {}

std::string Reader::path_of(std::string_view member) const {
  return path_.empty() ? std::string(member) : std::string(path_).append(".").append(member);
}

const Json& Reader::raw(std::string_view member) const {
  if (!value_->is_object()) return null_value();
  const auto found = value_->find(member);
  return found == value_->end() ? null_value() : *found;
}

bool Reader::has(std::string_view member) const { return !raw(member).is_null(); }

std::optional<std::string> Reader::optional_text(std::string_view member) const {
  const Json& value = raw(member);
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  problems_->add(path_of(member), "must be a string");
  return std::nullopt;
}

std::optional<std::int64_t> Reader::optional_integer(std::string_view member) const {
  const Json& value = raw(member);
  if (value.is_null()) return std::nullopt;
  auto number = to_integer(value);
  if (!number) {
    problems_->add(path_of(member), value.is_number() ? "must be a 64-bit integer" : "must be an integer");
  }
  return number;
}

std::optional<bool> Reader::optional_boolean(std::string_view member) const {
  const Json& value = raw(member);
  if (value.is_null()) return std::nullopt;
  if (value.is_boolean()) return value.get<bool>();
  problems_->add(path_of(member), "must be true or false");
  return std::nullopt;
}

std::optional<WallTime> Reader::optional_time(std::string_view member) const {
  const auto text = optional_text(member);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (time) return *time;
  problems_->add(path_of(member), "must be an RFC 3339 time");
  return std::nullopt;
}

std::string Reader::text(std::string_view member) const {
  if (!has(member)) problems_->add(path_of(member), kMissing);
  return optional_text(member).value_or("");
}

std::int64_t Reader::integer(std::string_view member) const {
  if (!has(member)) problems_->add(path_of(member), kMissing);
  return optional_integer(member).value_or(0);
}

bool Reader::boolean(std::string_view member) const {
  if (!has(member)) problems_->add(path_of(member), kMissing);
  return optional_boolean(member).value_or(false);
}

WallTime Reader::time(std::string_view member) const {
  if (!has(member)) problems_->add(path_of(member), kMissing);
  return optional_time(member).value_or(WallTime{});
}

std::optional<std::vector<std::string>> Reader::optional_texts(std::string_view member) const {
  const Json& value = raw(member);
  if (value.is_null()) return std::nullopt;
  if (!value.is_array()) {
    problems_->add(path_of(member), "must be an array of strings");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  texts.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i].is_string()) {
      texts.push_back(value[i].get<std::string>());
    } else {
      problems_->add(element_path(path_of(member), i), "must be a string");
    }
  }
  return texts;
}

std::vector<std::pair<std::string, std::string>> Reader::text_map(std::string_view member) const {
  std::vector<std::pair<std::string, std::string>> texts;
  const Json& value = raw(member);
  if (value.is_null()) return texts;
  if (!value.is_object()) {
    problems_->add(path_of(member), "must be an object of strings");
    return texts;
  }
  for (const auto& [name, text] : value.items()) {
    if (text.is_string()) {
      texts.emplace_back(name, text.get<std::string>());
    } else {
      problems_->add(path_of(member) + "." + name, "must be a string");
    }
  }
  return texts;
}

Reader Reader::object(std::string_view member) const {
  const Json& value = raw(member);
  if (value.is_object()) return {value, *problems_, path_of(member)};
  if (!value.is_null()) problems_->add(path_of(member), "must be an object");
  return {empty_object(), *problems_, path_of(member)};
}

void Reader::each(std::string_view member, const std::function<void(const Reader&)>& visit) const {
  const Json& value = raw(member);
  if (value.is_null()) return;
  if (!value.is_array()) {
    problems_->add(path_of(member), "must be an array");
    return;
  }
  for (std::size_t i = 0; i < value.size(); ++i)
    visit(Reader(value[i], *problems_, element_path(path_of(member), i)));
}

}  // namespace apiclient::json
