#include "api/rotation_spec.h"

#include "api/read_duration.h"

namespace apiclient::api {
namespace {

RotationWindowSpec read_window(const json::Reader& reader, json::Problems& problems) {
  RotationWindowSpec window{.opens = reader.text("opens")};
  window.time_zone = reader.optional_text("timeZone").value_or(window.time_zone);
  window.duration = read_duration(reader, "duration", problems).value_or(window.duration);
  return window;
}

}  // namespace

RotationSpec read_rotation_spec(const json::Reader& reader, json::Problems& problems) {
  RotationSpec spec{.interval = read_duration(reader, "interval", problems),
                    .overlap = read_duration(reader, "overlap", problems)};
  reader.each("windows",
              [&](const json::Reader& window) { spec.windows.push_back(read_window(window, problems)); });
  spec.min_age = read_duration(reader, "minAge", problems).value_or(spec.min_age);
  return spec;
}

}  // namespace apiclient::api
