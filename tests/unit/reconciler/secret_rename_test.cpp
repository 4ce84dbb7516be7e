// spec.secret.name is changed: the same value moves, the old Secret stays for the overlap.
#include "reconciler/former_secrets.h"
#include "unit/reconciler/reconcile_fixture.h"

namespace apiclient::reconciler {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const kube::ObjectKey kOld{test::kNamespace, test::kName};
const kube::ObjectKey kNew{test::kNamespace, "credentials"};

class Rename : public Reconcile {
 protected:
  void rename() {
    issue();
    world_.patch_client({{"spec", {{"secret", {{"name", kNew.name}}}}}, {"metadata", {{"generation", 2}}}});
    ASSERT_TRUE(world_.settle());
  }
  Json at(const kube::ObjectKey& key) { return world_.kube.get(kube::kSecrets, key); }
  static std::string value_of(const Json& secret) {
    return secret["data"]["client-secret"].get<std::string>();
  }
};

TEST(FormerSecrets, AreKnownByTheirOwner) {
  FormerSecrets formers;
  formers.add("uid", kOld);
  formers.add("uid", kOld);
  EXPECT_THAT(formers.of("uid"), ElementsAre(kOld));
  formers.remove("other", kOld);
  formers.remove("uid", kNew);
  EXPECT_THAT(formers.of("uid"), ElementsAre(kOld));
  formers.remove("uid", kOld);
  EXPECT_THAT(formers.of("uid"), IsEmpty());
}

TEST_F(Rename, MovesTheSameValueAndMintsNothing) {
  rename();
  EXPECT_EQ(value_of(at(kNew)), value_of(at(kOld)));
  EXPECT_EQ(world_.client()["status"]["binding"]["name"], kNew.name);
  EXPECT_EQ(world_.client()["status"]["credential"]["revision"], 1);
  EXPECT_TRUE(at(kOld)["metadata"]["annotations"].contains("apiclient.dev/retire-at"));
  EXPECT_FALSE(at(kNew)["metadata"]["annotations"].contains("apiclient.dev/retire-at"));
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
  EXPECT_EQ(world_.backend.count(test::BackendOperation::add_credential), 0);
}

TEST_F(Rename, TheOldNameIsWrittenByARotationUntilItGoes) {
  rename();
  world_.patch_client({{"metadata", {{"annotations", {{"apiclient.dev/rotate", "r1"}}}}}});
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.client()["status"]["credential"]["revision"], 2);
  EXPECT_EQ(value_of(at(kNew)), value_of(at(kOld)));
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(at(kOld).is_null());
  EXPECT_FALSE(at(kNew).is_null());
  EXPECT_EQ(world_.condition(api::kReady), "True Issued");
}

TEST_F(Rename, TheOldNameGoesAfterARestartToo) {
  rename();
  world_.restart();
  world_.clock.advance(61min);
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(at(kOld).is_null());
}

TEST_F(Rename, BothGoWithTheObject) {
  rename();
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(at(kOld).is_null());
  EXPECT_TRUE(at(kNew).is_null());
  EXPECT_TRUE(world_.client().is_null());
}

TEST_F(Rename, BothGoWithAnObjectThatIsDeletedBeforeItsStatusTellsTheNewName) {
  issue();
  world_.patch_client({{"spec", {{"secret", {{"name", kNew.name}}}}}, {"metadata", {{"generation", 2}}}});
  ASSERT_TRUE(world_.crashes_at("before status"));
  ASSERT_FALSE(at(kNew).is_null());
  world_.delete_client();
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(at(kOld).is_null());
  EXPECT_TRUE(at(kNew).is_null());
}

TEST_F(Rename, ACrashAfterThePublicationIsContinued) {
  issue();
  world_.patch_client({{"spec", {{"secret", {{"name", kNew.name}}}}}, {"metadata", {{"generation", 2}}}});
  ASSERT_TRUE(world_.crashes_at("after publish"));
  EXPECT_EQ(value_of(at(kNew)), value_of(at(kOld)));
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(at(kOld)["metadata"]["annotations"].contains("apiclient.dev/retire-at"));
  EXPECT_EQ(world_.client()["status"]["binding"]["name"], kNew.name);
  EXPECT_EQ(world_.backend.count(test::BackendOperation::add_credential), 0);
}

}  // namespace
}  // namespace apiclient::reconciler
