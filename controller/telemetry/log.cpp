#include "telemetry/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/clock.h"
#include "base/overloaded.h"
#include "base/rfc3339.h"

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

/// Bytes of the UTF-8 character (RFC 3629) that `text` begins with; 0 when it begins with none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is above U+10FFFF.
  if (length > 2 && ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                     (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))) {
    return 0;
  }
  return length;
}

/// RFC 8259 §7. What is not UTF-8 becomes U+FFFD: a line that cannot be read is worse.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char letter = text.front();
    if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else if (letter == '"' || letter == '\\') {
      line.append(1, '\\').append(1, letter);
    } else if (letter == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
    } else {
      line.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  line += '"';
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
