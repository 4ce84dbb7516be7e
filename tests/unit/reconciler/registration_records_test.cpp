#include "reconciler/registration_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/builders.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using backend::PendingCall;
using backend::RegistrationRecord;
using test::Verb;

RegistrationRecord a_record(const std::string& token = "token-1") {
  RegistrationRecord record{.client_id = "id-1",
                            .mark = {.installation_id = test::kInstallation,
                                     .namespace_name = "team-a",
                                     .name = "invoices",
                                     .uid = test::kUid,
                                     .revision = 2},
                            .credential = {.hint = "abcd",
                                           .revision = 2,
                                           .operation_id = "op-2",
                                           .created_at = WallTime(std::chrono::seconds(1'700'000'000))},
                            .management_uri = "https://id.example/reg/id-1",
                            .access_token = Secret(token),
                            .requested = {.client_id = "id-1",
                                          .client_name = "Invoices",
                                          .grant_types = {"client_credentials"},
                                          .token_endpoint_auth_method = "client_secret_basic",
                                          .jwks = R"({"keys":[]})"},
                            .answered = "0123",
                            .stored_as = backend::ClientSettings{.client_id = "id-1", .scopes = {"read"}},
                            .pending = PendingCall::update};
  return record;
}

class Records : public ::testing::Test {
 protected:
  test::FakeKube kube_;
  RegistrationRecords records_{kube_, test::kOperatorNamespace, test::kInstallation};
  std::unique_ptr<backend::RegistrationStore> store_ = records_.of("default");
  const kube::ObjectKey key_ = registration_key(test::kOperatorNamespace, "default", "id-1");

  std::string stored_token() {
    const auto found = store_->find("id-1", {});
    return found && *found ? std::string((*found)->access_token.reveal()) : "";
  }
};

TEST_F(Records, ListsThoseOfOneOwnerAtOneRegistry) {
  RegistrationRecord older = a_record();
  older.client_id = "id-0";
  older.mark.revision = 1;
  RegistrationRecord others = a_record();
  others.client_id = "id-9";
  others.mark.uid = "another-uid";
  RegistrationRecord elsewhere = a_record();
  elsewhere.client_id = "id-8";
  ASSERT_THAT(store_->save(a_record(), {}), test::is_ok());
  ASSERT_THAT(store_->save(std::move(older), {}), test::is_ok());
  ASSERT_THAT(store_->save(std::move(others), {}), test::is_ok());
  ASSERT_THAT(records_.of("another")->save(std::move(elsewhere), {}), test::is_ok());
  const auto listed = records_.list("default", test::kUid, {});
  ASSERT_THAT(listed, test::is_ok());
  EXPECT_THAT(*listed, ::testing::ElementsAre(RecordedClient{.client_id = "id-0", .revision = 1},
                                              RecordedClient{.client_id = "id-1", .revision = 2}));
}

TEST(RegistrationKey, IsAnotherForEachRegistryAndClient) {
  std::set<std::string> names;
  // Ids that a server picks may hold anything.
  for (const auto& [registry, id] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b/c"}, {"a/b", "c"}, {"a", "c"}, {"b", "c"}, {"a/b", "b/c"}}) {
    names.insert(registration_key("operator", registry, id).name);
  }
  EXPECT_EQ(names.size(), 5U);
}

TEST_F(Records, AbsentAtFirst) {
  const auto found = store_->find("id-1", {});
  ASSERT_THAT(found, test::is_ok());
  EXPECT_FALSE(*found);
}

TEST_F(Records, FindsWhatWasSaved) {
  ASSERT_THAT(store_->save(a_record(), {}), test::is_ok());
  const auto found = store_->find("id-1", {});
  ASSERT_TRUE(found && *found);
  const RegistrationRecord wish = a_record();
  EXPECT_EQ((*found)->mark, wish.mark);
  EXPECT_EQ((*found)->credential.operation_id, "op-2");
  EXPECT_EQ((*found)->credential.created_at, wish.credential.created_at);
  EXPECT_EQ((*found)->management_uri, wish.management_uri);
  EXPECT_EQ((*found)->access_token, wish.access_token);
  EXPECT_TRUE((*found)->requested == wish.requested);
  EXPECT_EQ((*found)->answered, "0123");
  EXPECT_EQ((*found)->stored_as, wish.stored_as);
  EXPECT_EQ((*found)->pending, PendingCall::update);
}

/// Somebody has copied the Secret of another client over it.
TEST_F(Records, RefusesARecordThatIsAboutAnotherClient) {
  RegistrationRecord other = a_record();
  other.client_id = "id-2";
  ASSERT_THAT(store_->save(std::move(other), {}), test::is_ok());
  Json copy = kube_.get(kube::kSecrets, registration_key(test::kOperatorNamespace, "default", "id-2"));
  copy["metadata"]["name"] = key_.name;
  kube_.put(kube::kSecrets, copy);
  const auto found = store_->find("id-1", {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::conflict);
  EXPECT_THAT(found.error().message, ::testing::HasSubstr("is about another client"));
}

TEST_F(Records, OneSecretForEachClientOfEachRegistry) {
  ASSERT_THAT(store_->save(a_record(), {}), test::is_ok());
  ASSERT_THAT(records_.of("other")->save(a_record("token-2"), {}), test::is_ok());
  EXPECT_EQ(stored_token(), "token-1");
  const Json secret = kube_.get(kube::kSecrets, key_);
  EXPECT_EQ(key_.name.size(), std::string("registration-").size() + 32);
  EXPECT_EQ(secret["metadata"]["labels"]["apiclient.dev/registration"], "true");
  EXPECT_EQ(secret["metadata"]["labels"]["app.kubernetes.io/managed-by"], "apiclient-operator");
  EXPECT_EQ(secret["metadata"]["labels"]["apiclient.dev/owner-uid"], test::kUid);
  EXPECT_EQ(store_->name_of("id-1"), "Secret " + key_.text());
}

TEST_F(Records, AChangeReplacesTheLiveObject) {
  ASSERT_THAT(store_->save(a_record(), {}), test::is_ok());
  ASSERT_THAT(store_->save(a_record("token-2"), {}), test::is_ok());
  EXPECT_EQ(stored_token(), "token-2");
  EXPECT_EQ(kube_.writes().back().verb, Verb::replace);
  EXPECT_TRUE(kube_.writes().back().body["metadata"].contains("resourceVersion"));
}

TEST_F(Records, WhatCouldNotBeWrittenIsKeptAndWrittenLater) {
  kube_.fail_next(Verb::create, "secrets", {.kind = ErrorKind::unavailable, .message = "away"});
  const auto saved = store_->save(a_record(), {});
  EXPECT_THAT(saved, test::has_error(ErrorKind::conflict)) << "not the registry's failure";
  EXPECT_TRUE(kube_.get(kube::kSecrets, key_).is_null());
  EXPECT_EQ(stored_token(), "token-1") << "by the next look-up";
  EXPECT_FALSE(kube_.get(kube::kSecrets, key_).is_null());
  kube_.fail_next(Verb::replace, "secrets", {.kind = ErrorKind::forbidden, .message = "quota"});
  EXPECT_THAT(store_->save(a_record("token-2"), {}), test::has_error(ErrorKind::conflict));
  EXPECT_THAT(store_->flush("id-1", {}), test::is_ok());
  EXPECT_EQ(stored_token(), "token-2");
}

TEST_F(Records, ALostReplyOfAWriteDoesNoHarm) {
  kube_.lose_reply_next(Verb::create, "secrets");
  EXPECT_THAT(store_->save(a_record(), {}), test::has_error(ErrorKind::conflict));
  EXPECT_THAT(store_->flush("id-1", {}), test::is_ok());
  EXPECT_EQ(stored_token(), "token-1");
}

TEST_F(Records, WhileItCannotBeWrittenNothingIsFound) {
  kube_.fail_next(Verb::create, "secrets", {.kind = ErrorKind::unavailable, .message = "away"});
  kube_.fail_next(Verb::create, "secrets", {.kind = ErrorKind::unavailable, .message = "away"});
  EXPECT_THAT(store_->save(a_record(), {}), test::has_error(ErrorKind::conflict));
  EXPECT_THAT(store_->find("id-1", {}), test::has_error(ErrorKind::conflict));
}

TEST_F(Records, RemovesTheSecret) {
  ASSERT_THAT(store_->save(a_record(), {}), test::is_ok());
  EXPECT_THAT(store_->remove("id-1", {}), test::is_ok());
  EXPECT_TRUE(kube_.get(kube::kSecrets, key_).is_null());
  EXPECT_THAT(store_->remove("id-1", {}), test::is_ok()) << "absent is success";
}

TEST_F(Records, AnothersSecretIsLeftAlone) {
  kube_.put(kube::kSecrets, {{"metadata", {{"namespace", key_.namespace_name}, {"name", key_.name}}},
                             {"data", Json::object()}});
  EXPECT_THAT(store_->save(a_record(), {}),
              test::has_error_text(ErrorKind::conflict, ::testing::HasSubstr(key_.name)));
  EXPECT_THAT(store_->find("id-1", {}), test::has_error(ErrorKind::conflict));
}

}  // namespace
}  // namespace apiclient::reconciler
