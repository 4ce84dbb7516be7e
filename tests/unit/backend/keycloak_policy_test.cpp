#include "backend/keycloak_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "json/json.h"
#include "support/matchers.h"

namespace apiclient::backend::keycloak {
namespace {

using std::chrono::seconds;
using test::has_error;

constexpr const char* kProfiles = R"({"profiles":[
  {"name":"month","executors":[{"executor":"pkce-enforcer","configuration":{}},
    {"executor":"secret-rotation","configuration":{"expiration-period":2592000,"rotated-expiration-period":172800}}]},
  {"name":"week","executors":[
    {"executor":"secret-rotation","configuration":{"expiration-period":"604800","rotated-expiration-period":"3600"}}]},
  {"name":"other","executors":[{"executor":"secure-client-uris","configuration":{}}]}]})";
constexpr const char* kAny = R"({"condition":"any-client","configuration":{}})";

std::string policy(const std::string& profile, const std::string& conditions, bool enabled = true) {
  return R"({"name":"p","enabled":)" + std::string(enabled ? "true" : "false") + R"(,"conditions":[)" +
         conditions + R"(],"profiles":[")" + profile + R"("]})";
}

std::optional<RotationPolicy> read(const std::string& policies) {
  const auto found = read_rotation_policy(*json::parse(kProfiles),
                                          *json::parse(std::string(R"({"policies":[)") + policies + "]}"));
  EXPECT_TRUE(found.has_value());
  return found ? *found : std::nullopt;
}

TEST(KeycloakPolicy, OneThatHoldsForEveryClientCounts) {
  const RotationPolicy month{.grace = seconds(172800), .lifetime = seconds(2592000)};
  EXPECT_EQ(read(policy("month", kAny)), month);
  EXPECT_EQ(read(policy("month", R"({"condition":"client-access-type",
    "configuration":{"type":["confidential","public"]}})")),
            month);
}

TEST(KeycloakPolicy, WhatIsNotCertainToHoldDoesNotCount) {
  EXPECT_EQ(read(""), std::nullopt);
  EXPECT_EQ(read(policy("month", kAny, false)), std::nullopt);
  EXPECT_EQ(read(policy("month", "")), std::nullopt);
  EXPECT_EQ(read(policy("other", kAny)), std::nullopt);
  EXPECT_EQ(read(policy("unknown", kAny)), std::nullopt);
  for (const char* condition : {R"({"condition":"any-client","configuration":{"is-negative-logic":true}})",
                                R"({"condition":"any-client","configuration":{"is-negative-logic":"true"}})",
                                R"({"condition":"client-access-type","configuration":{"type":["public"]}})",
                                R"({"condition":"client-scopes","configuration":{"scopes":["read"]}})"}) {
    EXPECT_EQ(read(policy("month", condition)), std::nullopt) << condition;
    EXPECT_EQ(read(policy("month", std::string(kAny) + "," + condition)), std::nullopt) << condition;
  }
}

TEST(KeycloakPolicy, TheShortestTimesCountAlsoOfOneThatMayHold) {
  const RotationPolicy week{.grace = seconds(3600), .lifetime = seconds(604800)};
  EXPECT_EQ(read(policy("month", kAny) + "," + policy("week", kAny)), week);
  const std::string perhaps = R"({"condition":"client-roles","configuration":{"roles":["x"]}})";
  EXPECT_EQ(read(policy("month", kAny) + "," + policy("week", perhaps)), week);
}

TEST(KeycloakPolicy, GarbageIsAnError) {
  EXPECT_THAT(read_rotation_policy(*json::parse(R"({"profiles":[{"executors":[{}]}]})"), Json()),
              has_error(ErrorKind::protocol));
}

}  // namespace
}  // namespace apiclient::backend::keycloak
