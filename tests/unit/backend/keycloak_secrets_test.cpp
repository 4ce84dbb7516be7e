#include "backend/keycloak_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace apiclient::backend::keycloak {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const WallTime kNow{std::chrono::seconds(1767323045)};

ClientMark a_mark(std::int64_t revision) {
  const std::string id = "op-" + std::to_string(revision);
  return {.owner = {.uid = "uid-1", .revision = revision},
          .credential = Credential{.id = id, .revision = revision, .operation_id = id}};
}

NewCredential next(std::int64_t revision) {
  return {.operation_id = "op-" + std::to_string(revision), .revision = revision};
}

std::vector<std::string> ids(const ClientMark& mark, const std::string& rotated_at) {
  std::vector<std::string> found;
  for (const Credential& one : read_secrets(mark, rotated_at)) found.push_back(one.id);
  return found;
}

TEST(KeycloakSecrets, OneAloneIsWhatTheMarkSays) {
  EXPECT_THAT(ids(a_mark(1), ""), ElementsAre("op-1"));
  EXPECT_EQ(read_secrets({}, "").front().id, "initial");
}

TEST(KeycloakSecrets, TwoAreKnownAfterARotationOfOurs) {
  ClientMark mark = a_mark(1);
  describe_newest(mark, "100", next(2), kNow);
  EXPECT_THAT(ids(mark, "100"), ElementsAre("op-1", "op-2"));
  EXPECT_THAT(ids(mark, ""), ElementsAre("op-2")) << "the older one has gone";
  EXPECT_EQ(mark.owner.revision, 2);
}

TEST(KeycloakSecrets, WhatSomebodyElseHasMadeIsNewerThanOurs) {
  const auto secrets = read_secrets(a_mark(3), "100");
  ASSERT_EQ(secrets.size(), 2U);
  EXPECT_EQ(secrets.front().id, "op-3");
  EXPECT_EQ(secrets.back().id, "unknown");
  EXPECT_EQ(secrets.back().revision, 4);
}

TEST(KeycloakSecrets, ARetiredNewestLeavesTheOlderOne) {
  ClientMark mark = a_mark(1);
  forget_newest(mark, "100");
  EXPECT_THAT(ids(mark, "100"), ElementsAre("op-1"));
  EXPECT_THAT(ids(mark, ""), IsEmpty());
  describe_newest(mark, "100", next(2), kNow);
  EXPECT_THAT(ids(mark, "100"), ElementsAre("op-1", "op-2")) << "nothing was put aside for it";
}

TEST(KeycloakSecrets, TheSameOneAgainIsNotItsOwnPredecessor) {
  ClientMark mark = a_mark(2);
  describe_newest(mark, "100", next(2), kNow);
  EXPECT_THAT(ids(mark, "100"), ElementsAre("op-2"));
}

TEST(KeycloakSecrets, AnAdoptedOneKeepsItsNameInTheMark) {
  ClientMark mark{.owner = {.uid = "uid-1", .revision = 1}};
  describe_newest(mark, "100", next(2), kNow);
  ASSERT_EQ(mark.older.size(), 1U);
  EXPECT_EQ(mark.older.front().operation_id, "initial");
}

}  // namespace
}  // namespace apiclient::backend::keycloak
