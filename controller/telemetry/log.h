#pragma once
// Structured log lines: a constant message, values as keys. Thread-safe. Cheap when the level is off.
// A Secret cannot become a field value: there is no conversion.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace apiclient::telemetry {

enum class LogLevel { trace, debug, info, warning, error };
enum class LogFormat { json, text };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
};

/// Call once before threads start; lines go to standard error.
void init_logging(const LogOptions& options);
/// "trace", "debug", "info", "warning", "error".
Result<LogLevel> parse_log_level(std::string_view text);
/// "json", "text".
Result<LogFormat> parse_log_format(std::string_view text);

struct Field {
  using Value = std::variant<std::string, std::int64_t, double, bool>;
  std::string key;
  Value value;

  Field(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(std::string(text)) {}
  Field(std::string_view name, std::int64_t number) : key(name), value(number) {}
  Field(std::string_view name, int number) : key(name), value(std::int64_t{number}) {}
  Field(std::string_view name, std::size_t number) : key(name), value(static_cast<std::int64_t>(number)) {}
  Field(std::string_view name, double number) : key(name), value(number) {}
  Field(std::string_view name, bool flag) : key(name), value(flag) {}
};

using Fields = std::initializer_list<Field>;

/// A logger with fields that every line carries. Copyable value.
class Log {
 public:
  Log() = default;
  /// The same logger with more fields on every line.
  [[nodiscard]] Log with(Fields fields) const;

  void trace(std::string_view message, Fields fields = {}) const;
  void debug(std::string_view message, Fields fields = {}) const;
  void info(std::string_view message, Fields fields = {}) const;
  void warning(std::string_view message, Fields fields = {}) const;
  void error(std::string_view message, Fields fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message, Fields fields) const;
  std::vector<Field> fields_;
};

}  // namespace apiclient::telemetry
