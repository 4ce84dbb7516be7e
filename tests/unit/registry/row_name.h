#pragma once
// Names the cases of a table after the member `name` of its rows.

#include <gtest/gtest.h>

#include <string>

namespace apiclient::registry::test {

struct RowName {
  template <typename Row>
  std::string operator()(const ::testing::TestParamInfo<Row>& row) const {
    return row.param.name;
  }
};

}  // namespace apiclient::registry::test
