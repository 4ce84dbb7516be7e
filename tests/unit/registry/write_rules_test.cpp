#include "registry/write_rules.h"

#include <gtest/gtest.h>

#include "unit/registry/row_name.h"

namespace apiclient::registry {
namespace {

ClientRecord client_at(std::int64_t version) {
  ClientRecord client;
  client.version = version;
  client.mark = OwnershipMark{
      .installation_id = "i", .object_namespace = "n", .object_name = "m", .uid = "u", .revision = 1};
  return client;
}

struct EtagRow {
  std::string name;
  std::string header;
  bool holds;
  friend void PrintTo(const EtagRow& row, std::ostream* stream) { *stream << row.name; }
};

class EtagPrecondition : public ::testing::TestWithParam<EtagRow> {};

TEST_P(EtagPrecondition, ComparesWithTheVersion) {
  const auto result = check_preconditions(client_at(12), {.owner_uid = {}, .etag = GetParam().header});
  EXPECT_EQ(result ? "" : result.error().code, GetParam().holds ? "" : "precondition_failed");
}

INSTANTIATE_TEST_SUITE_P(
    Headers, EtagPrecondition,
    ::testing::Values(EtagRow{"Quoted", "\"12\"", true}, EtagRow{"Bare", "12", true},
                      EtagRow{"Star", "*", true}, EtagRow{"InAList", "\"3\", \"12\"", true},
                      EtagRow{"Other", "\"13\"", false}, EtagRow{"Prefix", "\"1\"", false},
                      EtagRow{"Weak", "W/\"12\"", false}, EtagRow{"Spaces", "  \"12\" ", true},
                      EtagRow{"Comma", ",", false}),
    test::RowName());

TEST(WriteRules, RefusalsNameWhatIsStored) {
  EXPECT_EQ(check_new_revision(3, 4).error().message, "revision 4 was seen already: the next one is 5");
  EXPECT_TRUE(check_new_revision(5, 4));
}

TEST(WriteRules, ReturningClientIsHeldToItsOwnPastOnly) {
  OwnershipMark mark{
      .installation_id = "i", .object_namespace = "n", .object_name = "m", .uid = "u", .revision = 2};
  EXPECT_FALSE(check_return(mark, "u", 3));
  EXPECT_TRUE(check_return(mark, "u", 2));
  EXPECT_TRUE(check_return(mark, "another", 3));
  EXPECT_TRUE(check_return(std::nullopt, "u", 3));
}

TEST(WriteRules, SecretsGoToClientsThatUseThem) {
  ClientMetadata client;
  EXPECT_TRUE(check_secret_allowed(client, 2, 3));
  EXPECT_EQ(check_secret_allowed(client, 3, 3).error().code, "too_many_secrets");
  client.token_endpoint_auth_method = AuthMethod::private_key_jwt;
  EXPECT_EQ(check_secret_allowed(client, 0, 3).error().code, "invalid_request");
  client.token_endpoint_auth_method = AuthMethod::none;
  EXPECT_EQ(check_secret_allowed(client, 0, 3).error().code, "invalid_request");
}

}  // namespace
}  // namespace apiclient::registry
