#include "telemetry/metric_text.h"

#include <array>
#include <charconv>

namespace apiclient::telemetry {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char one : value) {
    if (one == '\\' || one == '"') text += '\\';
    one == '\n' ? text.append("\\n") : text.append(1, one);
  }
}

void append_number(std::string& text, double value) {
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  text.append(digits.data(), end.ptr);
}

}  // namespace

MetricText::MetricText(std::string_view name, MetricType type, std::string_view help) : name_(name) {
  const std::string_view kind = type == MetricType::gauge ? "gauge" : "counter";
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(kind).append("\n");
}

void MetricText::add(std::initializer_list<Label> labels, double value) {
  text_ += name_;
  char before = '{';
  for (const auto& [label, of] : labels) {
    text_.append(1, before).append(label).append("=\"");
    append_escaped(text_, of);
    text_ += '"';
    before = ',';
  }
  if (before == ',') text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

}  // namespace apiclient::telemetry
