#include "reconciler/credential_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

class Journal : public ::testing::Test {
 protected:
  test::FakeKube kube_;
  CredentialJournal journal_{kube_, test::kOperatorNamespace, test::kInstallation};
  kube::ObjectMeta owner_ = test::an_api_client().object().meta;
};

TEST_F(Journal, FindsNothingAtFirst) {
  const auto found = journal_.find(test::kUid, {});
  ASSERT_THAT(found, test::is_ok());
  EXPECT_FALSE(*found);
}

TEST_F(Journal, FindsWhatWasStaged) {
  const auto staged = journal_.stage(test::a_staged_credential(2, "op-2", "hidden"), owner_, {});
  ASSERT_THAT(staged, test::is_ok());
  EXPECT_FALSE(staged->uid.empty());
  const auto found = journal_.find(test::kUid, {});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->uid, staged->uid);
  EXPECT_EQ((*found)->operation_id, "op-2");
  EXPECT_EQ((*found)->value, Secret("hidden"));
}

TEST_F(Journal, OneStageWins) {
  ASSERT_THAT(journal_.stage(test::a_staged_credential(1, "first"), owner_, {}), test::is_ok());
  EXPECT_THAT(journal_.stage(test::a_staged_credential(1, "second"), owner_, {}),
              test::has_error(ErrorKind::already_exists));
  EXPECT_EQ(journal_.find(test::kUid, {}).value()->operation_id, "first");
}

TEST_F(Journal, DropsOnlyWhatItRead) {
  const auto first = journal_.stage(test::a_staged_credential(), owner_, {});
  ASSERT_THAT(journal_.drop(*first, {}), test::is_ok());
  EXPECT_THAT(journal_.drop(*first, {}), test::is_ok()) << "absent is success";
  ASSERT_THAT(journal_.stage(test::a_staged_credential(2, "op-2"), owner_, {}), test::is_ok());
  EXPECT_THAT(journal_.drop(*first, {}), test::has_error(ErrorKind::conflict));
  EXPECT_TRUE(*journal_.find(test::kUid, {}));
}

TEST_F(Journal, DoesNotTakeAnErrorForAbsence) {
  kube_.fail_next(test::Verb::find, "secrets", {.kind = ErrorKind::forbidden, .message = "no"});
  EXPECT_THAT(journal_.find(test::kUid, {}), test::has_error(ErrorKind::forbidden));
}

}  // namespace
}  // namespace apiclient::reconciler
