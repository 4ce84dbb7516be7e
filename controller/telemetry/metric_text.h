#pragma once
// Lines of the Prometheus text exposition format 0.0.4, for what is not kept but told when somebody asks.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace apiclient::telemetry {

enum class MetricType { gauge, counter };

/// One family: its head, then its samples.
class MetricText {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  MetricText(std::string_view name, MetricType type, std::string_view help);
  /// The name of a label is taken as it is, its value escaped.
  void add(std::initializer_list<Label> labels, double value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace apiclient::telemetry
