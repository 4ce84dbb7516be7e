#include "telemetry/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/clock.h"
#include "base/overloaded.h"
#include "base/rfc3339.h"
#include "telemetry/quoted_text.h"

namespace apiclient::telemetry {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "info";
}

/// True when a text needs no quotes in a line of the text format.
bool is_bare(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return letter > 0x20 && letter < 0x7f && letter != '"' && letter != '=' && letter != '\\';
  });
}

void append_value(std::string& line, const Field::Value& value, LogFormat format) {
  std::visit(overloaded{[&](const std::string& text) {
                          if (format == LogFormat::text && is_bare(text)) {
                            line += text;
                          } else {
                            append_quoted(line, text);
                          }
                        },
                        [&](bool flag) { line += flag ? "true" : "false"; },
                        [&](std::int64_t number) { line += fmt::format("{}", number); },
                        [&](double number) {
                          // JSON has no word for infinity and the like.
                          line += std::isfinite(number) ? fmt::format("{}", number)
                                                        : fmt::format("\"{}\"", number);
                        }},
             value);
}

void append_json_field(std::string& line, const Field& field) {
  line += ',';
  append_quoted(line, field.key);
  line += ':';
  append_value(line, field.value, LogFormat::json);
}

void append_text_field(std::string& line, const Field& field) {
  line.append(" ").append(field.key).append("=");
  append_value(line, field.value, LogFormat::text);
}

struct Sink {
  std::shared_ptr<spdlog::logger> logger = spdlog::stderr_logger_mt("apiclient");
  LogFormat format = LogFormat::json;
};

Sink& sink() {
  static Sink instance;
  return instance;
}

std::string start_line(LogLevel level, std::string_view message, LogFormat format) {
  const std::string time = format_rfc3339_micro(std::chrono::system_clock::now());
  if (format == LogFormat::text) return fmt::format("{} {:<7} {}", time, name_of(level), message);
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":)", time, name_of(level));
  append_quoted(line, message);
  return line;
}

}  // namespace

void init_logging(const LogOptions& options) {
  sink().format = options.format;
  sink().logger->set_pattern("%v");
  sink().logger->set_level(spdlog_level(options.level));
  sink().logger->flush_on(spdlog::level::trace);
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const LogLevel level :
       {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    if (text == name_of(level)) return level;
  }
  return fail(ErrorKind::invalid, "log level must be trace, debug, info, warning or error");
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "json") return LogFormat::json;
  if (text == "text") return LogFormat::text;
  return fail(ErrorKind::invalid, "log format must be json or text");
}

Log Log::with(Fields fields) const {
  Log copy = *this;
  copy.fields_.insert(copy.fields_.end(), fields.begin(), fields.end());
  return copy;
}

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
  if (!sink().logger->should_log(spdlog_level(level))) return;
  const LogFormat format = sink().format;
  std::string line = start_line(level, message, format);
  const auto append = format == LogFormat::json ? append_json_field : append_text_field;
  for (const Field& field : fields_) append(line, field);
  for (const Field& field : fields) append(line, field);
  if (format == LogFormat::json) line += '}';
  sink().logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void Log::trace(std::string_view message, Fields fields) const { write(LogLevel::trace, message, fields); }
void Log::debug(std::string_view message, Fields fields) const { write(LogLevel::debug, message, fields); }
void Log::info(std::string_view message, Fields fields) const { write(LogLevel::info, message, fields); }
void Log::warning(std::string_view message, Fields fields) const {
  write(LogLevel::warning, message, fields);
}
void Log::error(std::string_view message, Fields fields) const { write(LogLevel::error, message, fields); }

}  // namespace apiclient::telemetry
