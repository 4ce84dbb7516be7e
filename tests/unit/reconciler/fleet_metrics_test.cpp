#include "reconciler/fleet_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/builders.h"
#include "support/fake_backend.h"

namespace apiclient::reconciler {
namespace {

using api::ApiClientSummary;
using kube::ConditionStatus;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kIssued{std::chrono::seconds(1767323045)};

ApiClientSummary a_summary(const std::string& name) {
  ApiClientSummary client{.key = {.namespace_name = "team-a", .name = name}, .pinned_registry = "default"};
  client.ready = ConditionStatus::true_value;
  client.issued_at = kIssued;
  return client;
}

std::string metrics_of(std::initializer_list<ApiClientSummary> clients) {
  runtime::Store<ApiClientSummary> store;
  for (const ApiClientSummary& client : clients) store.put(std::make_shared<const ApiClientSummary>(client));
  return client_metrics(store);
}

TEST(ClientMetrics, CountByRegistryAndState) {
  ApiClientSummary stalled = a_summary("b");
  stalled.stalled = true;
  ApiClientSummary deleting = a_summary("c");
  deleting.stalled = deleting.deleting = true;
  ApiClientSummary elsewhere = a_summary("d");
  elsewhere.pinned_registry = "team-a/own";
  elsewhere.ready = ConditionStatus::false_value;
  EXPECT_THAT(metrics_of({a_summary("a"), a_summary("e"), stalled, deleting, elsewhere}),
              AllOf(HasSubstr(R"(apiclient_clients{registry="default",state="ready"} 2)"),
                    HasSubstr(R"(apiclient_clients{registry="default",state="stalled"} 1)"),
                    HasSubstr(R"(apiclient_clients{registry="default",state="deleting"} 1)"),
                    HasSubstr(R"(apiclient_clients{registry="default",state="reconciling"} 0)"),
                    HasSubstr(R"(apiclient_clients{registry="team-a/own",state="reconciling"} 1)"),
                    HasSubstr(R"(apiclient_not_ready{namespace="team-a",name="b",state="stalled"} 1)"),
                    HasSubstr(R"(apiclient_not_ready{namespace="team-a",name="d",state="reconciling"} 1)"),
                    Not(HasSubstr(R"(apiclient_not_ready{namespace="team-a",name="a")"))));
}

TEST(ClientMetrics, TellTheTimesOfACredential) {
  ApiClientSummary overlapping = a_summary("two");
  overlapping.overlap_active = true;
  overlapping.overlap_ends = kIssued + std::chrono::hours(1);
  overlapping.next_rotation = kIssued + std::chrono::hours(2);
  const std::string text = metrics_of({a_summary("one"), overlapping});
  EXPECT_THAT(
      text,
      AllOf(
          HasSubstr(
              R"(apiclient_credential_issued_timestamp_seconds{namespace="team-a",name="one"} 1767323045)"),
          HasSubstr(
              R"(apiclient_overlap_started_timestamp_seconds{namespace="team-a",name="two"} 1767323045)"),
          HasSubstr(R"(apiclient_overlap_end_timestamp_seconds{namespace="team-a",name="two"} 1767326645)"),
          HasSubstr(
              R"(apiclient_credential_next_rotation_timestamp_seconds{namespace="team-a",name="two"} 1767330245)"),
          Not(HasSubstr(R"(apiclient_overlap_started_timestamp_seconds{namespace="team-a",name="one")"))));
}

TEST(RegistryMetrics, SayWhetherItCanBeUsedAndIsAsked) {
  test::FakeBackend backend;
  const auto connection = std::make_shared<test::FakeConnection>(backend);
  connection->circuit_is_open = true;
  RegistrySnapshot failed = test::a_registry().named("down").snapshot(connection);
  failed.state = RegistryState::failed;
  RegistryDirectory directory;
  directory.put(std::make_shared<const RegistrySnapshot>(failed));
  directory.put(test::a_registry().shared());
  directory.expect("new");
  EXPECT_THAT(
      registry_metrics(directory),
      AllOf(HasSubstr(R"(apiclient_registry_ready{registry="default"} 1)"),
            HasSubstr(R"(apiclient_registry_ready{registry="down"} 0)"),
            HasSubstr(R"(apiclient_registry_circuit_open{registry="default"} 0)"),
            HasSubstr(R"(apiclient_registry_circuit_open{registry="down"} 1)"), Not(HasSubstr("new"))));
}

}  // namespace
}  // namespace apiclient::reconciler
