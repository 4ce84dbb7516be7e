#pragma once
// GoogleTest printers and matchers for the project's basic types.

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "base/error.h"
#include "base/result.h"
#include "base/secret.h"

namespace apiclient {

inline void PrintTo(ErrorKind kind, std::ostream* out) { *out << to_string(kind); }
inline void PrintTo(const Error& error, std::ostream* out) {
  *out << to_string(error.kind) << " (" << error.status_code << "): " << error.message;
}
inline void PrintTo(const Secret& /*secret*/, std::ostream* out) { *out << "<secret>"; }
template <typename T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (result) {
    *out << "a value";
  } else {
    PrintTo(result.error(), out);
  }
}

}  // namespace apiclient

namespace apiclient::test {

/// Names a table test after its row's `name`: INSTANTIATE_TEST_SUITE_P(…, RowName()).
struct RowName {
  template <typename Row>
  std::string operator()(const ::testing::TestParamInfo<Row>& row) const {
    return row.param.name;
  }
};

/// EXPECT_THAT(result, is_ok());
MATCHER(is_ok, "holds a value") {
  if (!arg) *result_listener << arg.error().message;
  return arg.has_value();
}

/// EXPECT_THAT(result, has_error(ErrorKind::conflict));
MATCHER_P(has_error, kind, "holds an error of kind " + std::string(to_string(kind))) {
  return !arg.has_value() && arg.error().kind == kind;
}

/// EXPECT_THAT(result, has_error_text(ErrorKind::invalid, HasSubstr("spec.redirectUris")));
MATCHER_P2(has_error_text, kind, text,
           "holds an error of kind " + std::string(to_string(kind)) + " with such a text") {
  return !arg.has_value() && arg.error().kind == kind &&
         ::testing::ExplainMatchResult(text, arg.error().message, result_listener);
}

}  // namespace apiclient::test
