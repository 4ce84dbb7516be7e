#include "reconciler/workload_restarter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/builders.h"
#include "support/fake_kube.h"
#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

using test::Verb;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const kube::ObjectKey kWeb{.namespace_name = "team-a", .name = "web"};

class Restarter : public ::testing::Test {
 protected:
  void deploy(std::string revision = "", std::string uid = "w-1") {
    Json annotations{{"team", "blue"}};
    if (!revision.empty()) annotations[restart_annotation(client_)] = revision;
    kube_.put(kube::kDeployments,
              {{"metadata", {{"namespace", "team-a"}, {"name", "web"}, {"uid", uid}}},
               {"spec", {{"replicas", 2}, {"template", {{"metadata", {{"annotations", annotations}}}}}}}});
  }
  Result<WorkloadRestarter::Restart> restart(std::int64_t revision) {
    return restarter_.restart(target_, client_, revision, {});
  }
  Json annotations() {
    return kube_.get(kube::kDeployments, kWeb)["spec"]["template"]["metadata"]["annotations"];
  }
  Json generation() { return kube_.get(kube::kDeployments, kWeb)["metadata"]["generation"]; }

  test::FakeKube kube_;
  WorkloadRestarter restarter_{kube_};
  kube::ObjectMeta client_ = test::an_api_client().object().meta;
  api::RestartTarget target_{.kind = api::WorkloadKind::deployment, .name = "web"};
};

TEST_F(Restarter, WritesTheRevisionIntoThePodTemplateAndNothingElse) {
  deploy();
  const auto restarted = restart(2);
  ASSERT_THAT(restarted, test::is_ok());
  EXPECT_TRUE(restarted->written);
  EXPECT_TRUE(restarted->consumer.carries(client_, 2));
  EXPECT_EQ(annotations(),
            (Json{{"team", "blue"}, {restart_annotation(client_), restart_value(client_, 2)}}));
  EXPECT_EQ(generation(), 2);
  ASSERT_THAT(kube_.writes(), SizeIs(1));
  EXPECT_EQ(kube_.writes()[0].field_manager, "apiclient-operator");
}

TEST_F(Restarter, RestartsOncePerRevision) {
  deploy();
  ASSERT_THAT(restart(2), test::is_ok());
  const auto again = restart(2);
  ASSERT_THAT(again, test::is_ok());
  EXPECT_FALSE(again->written);
  EXPECT_EQ(generation(), 2);
  ASSERT_THAT(restart(3), test::is_ok());
  EXPECT_EQ(generation(), 3);
}

TEST_F(Restarter, NeverTakesALaterRevisionBack) {
  deploy(restart_value(client_, 5));
  const auto restarted = restart(4);
  ASSERT_THAT(restarted, test::is_ok());
  EXPECT_FALSE(restarted->written);
  EXPECT_EQ(annotations()[restart_annotation(client_)], restart_value(client_, 5));
}

TEST_F(Restarter, ALostReplyRestartsNotTwice) {
  deploy();
  kube_.lose_reply_next(Verb::merge_patch, "deployments");
  EXPECT_THAT(restart(2), test::has_error(ErrorKind::unavailable));
  ASSERT_THAT(restart(2), test::is_ok());
  EXPECT_EQ(generation(), 2);
}

TEST_F(Restarter, AMissingTargetIsAnAnswerAndIsNotCreated) {
  const auto restarted = restart(2);
  ASSERT_THAT(restarted, test::is_ok());
  EXPECT_EQ(restarted->consumer.access, Access::absent);
  EXPECT_THAT(kube_.writes(), IsEmpty());
}

TEST_F(Restarter, ATargetThatGoesBetweenReadAndWriteIsAbsent) {
  deploy();
  kube_.on_write([&](const auto&) { kube_.erase(kube::kDeployments, kWeb); });
  const auto restarted = restart(2);
  ASSERT_THAT(restarted, test::is_ok());
  EXPECT_EQ(restarted->consumer.access, Access::absent);
  EXPECT_TRUE(kube_.get(kube::kDeployments, kWeb).is_null());
}

TEST_F(Restarter, ATargetThatIsCreatedAgainBetweenReadAndWriteIsLookedAtAgain) {
  deploy();
  kube_.on_write([&](const auto&) {
    kube_.erase(kube::kDeployments, kWeb);
    deploy("", "w-2");
  });
  EXPECT_THAT(restart(2), test::has_error(ErrorKind::conflict));
  EXPECT_FALSE(annotations().contains(restart_annotation(client_)));
}

struct RefusalRow {
  std::string name;
  Verb verb;
  ErrorKind kind;
};
class RestartRefusals : public Restarter, public ::testing::WithParamInterface<RefusalRow> {};

TEST_P(RestartRefusals, AreAnAnswer) {
  deploy();
  kube_.fail_next(GetParam().verb, "deployments", {.kind = GetParam().kind, .message = "not you"});
  const auto restarted = restart(2);
  ASSERT_THAT(restarted, test::is_ok());
  EXPECT_EQ(restarted->consumer.access, Access::forbidden);
  EXPECT_THAT(restarted->consumer.refusal, HasSubstr("not you"));
  EXPECT_FALSE(restarted->written);
  EXPECT_EQ(generation(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RestartRefusals,
    ::testing::Values(RefusalRow{"NoRightToRead", Verb::find, ErrorKind::forbidden},
                      RefusalRow{"NoRightToPatch", Verb::merge_patch, ErrorKind::forbidden},
                      RefusalRow{"AdmissionPolicy", Verb::merge_patch, ErrorKind::invalid}),
    test::RowName());

TEST_F(Restarter, WhatCannotBeReadIsNoAbsence) {
  deploy();
  kube_.fail_next(Verb::find, "deployments", {.kind = ErrorKind::unavailable, .message = "no answer"});
  EXPECT_THAT(restart(2), test::has_error(ErrorKind::unavailable));
}

TEST_F(Restarter, KnowsTheThreeKinds) {
  for (const auto kind :
       {api::WorkloadKind::deployment, api::WorkloadKind::stateful_set, api::WorkloadKind::daemon_set}) {
    kube_.put(api::resource_type_of(kind),
              {{"metadata", {{"namespace", "team-a"}, {"name", "web"}}}, {"spec", Json::object()}});
    const auto restarted = restarter_.restart({kind, "web"}, client_, 2, {});
    ASSERT_THAT(restarted, test::is_ok());
    EXPECT_TRUE(restarted->written);
    EXPECT_EQ(restarted->consumer.target.text(), api::resource_type_of(kind).kind + " web");
  }
}

}  // namespace
}  // namespace apiclient::reconciler
