#include "support/fake_backend.h"

#include <gtest/gtest.h>

#include "unit/backend/sample_clients.h"

namespace apiclient::test {
namespace {

using backend::NewCredential;
using backend::OwnershipMark;
using backend::Verdict;

const std::string kClientId = "acme_team-a_invoices";

OwnershipMark mark_at(std::int64_t revision, const std::string& uid = "uid-1") {
  OwnershipMark mark = a_mark();
  mark.revision = revision;
  mark.uid = uid;
  return mark;
}

class FakeBackendTest : public testing::Test {
 protected:
  NewCredential credential(const std::string& operation_id, std::int64_t revision) {
    return {.operation_id = operation_id, .revision = revision, .value = &value_};
  }
  Result<backend::RegisteredClient> create(const std::string& operation_id, std::int64_t revision) {
    const NewCredential first = credential(operation_id, revision);
    return registry_.create(a_machine_client(), mark_at(revision), &first, {});
  }
  Result<backend::Credential> add(const std::string& operation_id, std::int64_t revision) {
    return registry_.add_credential(kClientId, "uid-1", credential(operation_id, revision), {});
  }
  template <typename T>
  static std::string code_of(const Result<T>& result) {
    return result ? "" : result.error().code;
  }

  FakeBackend registry_;
  const Secret value_{kValue};
};

TEST_F(FakeBackendTest, CreateIsIdempotentByOperationAndValue) {
  ASSERT_TRUE(create("op-1", 1).has_value());
  const auto again = create("op-1", 1);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->credentials.size(), 1U);
  const Secret other("another value, long enough to be one of ours");
  const NewCredential changed{.operation_id = "op-1", .revision = 1, .value = &other};
  EXPECT_EQ(code_of(registry_.create(a_machine_client(), mark_at(1), &changed, {})), "operation_conflict");
  EXPECT_EQ(create("op-2", 1).error().kind, ErrorKind::already_exists);
}

TEST_F(FakeBackendTest, OperationOfADeletedClientIsRefused) {
  ASSERT_TRUE(create("op-1", 3).has_value());
  ASSERT_TRUE(registry_.remove(kClientId, "uid-1", {}).has_value());
  EXPECT_EQ(code_of(create("op-1", 3)), "deleted_operation");
  EXPECT_EQ(code_of(create("op-2", 2)), "revision_conflict");
  EXPECT_TRUE(create("op-2", 3).has_value());
}

TEST_F(FakeBackendTest, RevisionsOnlyGrow) {
  ASSERT_TRUE(create("op-1", 2).has_value());
  EXPECT_EQ(code_of(add("op-2", 2)), "revision_conflict");
  const auto added = add("op-2", 3);
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(add("op-2", 3)->id, added->id);
  EXPECT_EQ(registry_.client(kClientId)->registered.mark->revision, 3);
  EXPECT_EQ(code_of(registry_.update(a_machine_client(), mark_at(2), "uid-1", {})), "revision_conflict");
}

TEST_F(FakeBackendTest, FourthSecretIsRefused) {
  ASSERT_TRUE(create("op-1", 1).has_value());
  ASSERT_TRUE(add("op-2", 2).has_value());
  ASSERT_TRUE(add("op-3", 3).has_value());
  EXPECT_EQ(code_of(add("op-4", 4)), "too_many_secrets");
  const std::string first = registry_.client(kClientId)->registered.credentials.front().id;
  ASSERT_TRUE(registry_.retire_credential(kClientId, first, {}).has_value());
  EXPECT_TRUE(add("op-4", 4).has_value());
  EXPECT_EQ(code_of(create("op-1", 1)), "deleted_operation");
}

TEST_F(FakeBackendTest, OtherOwnersAreProtected) {
  ASSERT_TRUE(create("op-1", 1).has_value());
  EXPECT_EQ(code_of(registry_.remove(kClientId, "uid-2", {})), "precondition_failed");
  EXPECT_EQ(code_of(registry_.update(a_machine_client(), mark_at(1, "uid-2"), "uid-2", {})),
            "precondition_failed");
  OwnershipMark elsewhere = mark_at(1);
  elsewhere.installation_id = "inst-2";
  EXPECT_EQ(code_of(registry_.update(a_machine_client(), elsewhere, "uid-1", {})), "precondition_failed");
  ASSERT_TRUE(registry_.update(a_machine_client(), mark_at(1, "uid-2"), "uid-1", {}).has_value());
  EXPECT_TRUE(registry_.remove(kClientId, "uid-2", {}).has_value());
  EXPECT_TRUE(registry_.remove(kClientId, "uid-2", {}).has_value());
}

TEST_F(FakeBackendTest, UpdateOfNothingNewKeepsTheTag) {
  ASSERT_TRUE(create("op-1", 1).has_value());
  const std::string etag = registry_.client(kClientId)->registered.etag;
  EXPECT_EQ(registry_.update(a_machine_client(), mark_at(1), "uid-1", {})->etag, etag);
  backend::ClientSettings changed = a_machine_client();
  changed.client_name = "Other";
  EXPECT_NE(registry_.update(changed, mark_at(1), "uid-1", {})->etag, etag);
}

TEST_F(FakeBackendTest, FailedCallDoesNothingAndIsRecorded) {
  registry_.fail_next(BackendOperation::create, {.kind = ErrorKind::throttled, .message = "later"});
  EXPECT_EQ(create("op-1", 1).error().kind, ErrorKind::throttled);
  EXPECT_TRUE(registry_.client_ids().empty());
  EXPECT_TRUE(create("op-1", 1).has_value());
  EXPECT_EQ(registry_.count(BackendOperation::create), 2);
}

TEST_F(FakeBackendTest, LostReplyWasCarriedOut) {
  registry_.lose_reply_next(BackendOperation::create);
  EXPECT_EQ(create("op-1", 1).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(registry_.accepts(kClientId, kValue));
  EXPECT_TRUE(create("op-1", 1).has_value());
}

TEST_F(FakeBackendTest, OutageLastsUntilRecovery) {
  registry_.fail_all({.kind = ErrorKind::unavailable, .message = "down"});
  EXPECT_FALSE(registry_.find(kClientId, {}).has_value());
  EXPECT_EQ(registry_.probe({}).error().kind, ErrorKind::unavailable);
  registry_.recover();
  EXPECT_FALSE(registry_.find(kClientId, {})->has_value());
}

TEST_F(FakeBackendTest, SomebodyElseCanBeFaster) {
  registry_.before_next(BackendOperation::create,
                        [this] { registry_.put({.registered = {.settings = a_machine_client()}}); });
  EXPECT_EQ(create("op-1", 1).error().kind, ErrorKind::already_exists);
  EXPECT_FALSE(registry_.client(kClientId)->registered.mark.has_value());
}

TEST_F(FakeBackendTest, VerifierKnowsTheValues) {
  ASSERT_TRUE(create("op-1", 1).has_value());
  FakeConnection connection(registry_);
  EXPECT_EQ(connection.verifier().verify(a_machine_client(), value_, {}), Verdict::accepted);
  EXPECT_EQ(connection.verifier().verify(a_machine_client(), Secret("wrong"), {}), Verdict::rejected);
  registry_.reject_next_verifications(1);
  EXPECT_EQ(connection.verifier().verify(a_machine_client(), value_, {}), Verdict::rejected);
  EXPECT_EQ(connection.verifier().verify(a_machine_client(), value_, {}), Verdict::accepted);
  registry_.make_verdict_unknown(true);
  EXPECT_EQ(connection.verifier().verify(a_machine_client(), value_, {}), Verdict::unknown);
  EXPECT_EQ(registry_.count(BackendOperation::verify), 5);
}

TEST_F(FakeBackendTest, EmptiedRegistryRemembersNothing) {
  ASSERT_TRUE(create("op-1", 5).has_value());
  registry_.drop_all();
  EXPECT_FALSE(registry_.find(kClientId, {})->has_value());
  EXPECT_TRUE(create("op-1", 1).has_value());
}

}  // namespace
}  // namespace apiclient::test
