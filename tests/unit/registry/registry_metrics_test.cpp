#include "registry/registry_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "registry/request_meter.h"
#include "registry/route_table.h"
#include "unit/registry/public_world.h"

namespace apiclient::registry::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

TEST(RegistryMetrics, WhatIsSureToComeIsThereWithZero) {
  const RegistryMetrics metrics;
  for (const auto* line :
       {"apiclient_registry_token_requests_total{result=\"success\"} 0",
        "apiclient_registry_token_requests_total{result=\"invalid_client\"} 0",
        "apiclient_registry_token_requests_total{result=\"invalid_target\"} 0",
        "apiclient_registry_failed_authentications_total{method=\"client_secret_basic\"} 0",
        "apiclient_registry_failed_authentications_total{method=\"private_key_jwt\"} 0",
        "apiclient_registry_throttled_total 0", "apiclient_registry_clients 0",
        "apiclient_registry_disabled_clients 0", "apiclient_registry_secrets 0"})
    EXPECT_THAT(metrics.text(), HasSubstr(line));
}

TEST(RegistryMetrics, StoredThingsAreGauges) {
  RegistryMetrics metrics;
  metrics.stored({.clients = 3, .disabled_clients = 1, .secrets = 5});
  EXPECT_THAT(metrics.text(), HasSubstr("apiclient_registry_clients 3"));
  EXPECT_THAT(metrics.text(), HasSubstr("apiclient_registry_disabled_clients 1"));
  EXPECT_THAT(metrics.text(), HasSubstr("apiclient_registry_secrets 5"));
}

TEST(RegistryMetrics, CountsComeFromTheStore) {
  StoreWorld world;
  world.create("a", "op-1", 1, 'x');
  world.add("a", "op-2", 2, 'y');
  world.create("b", "op-3", 1, 'x');
  world.disable("b");
  const auto counts = world.store.count().value();
  EXPECT_EQ(counts.clients, 2);
  EXPECT_EQ(counts.disabled_clients, 1);
  EXPECT_EQ(counts.secrets, 3);
}

struct MeterWorld {
  apiclient::test::FakeClock clock;
  RegistryMetrics metrics;
  std::vector<http::Route> routes =
      meter_routes(complete_routes({{http::Method::post, "/oauth2/token",
                                     [this](const http::ServerRequest&) {
                                       clock.advance(30ms);
                                       return http::Response{.status_code = 200};
                                     }}}),
                   "public", {{"/oauth2/token", "token"}}, metrics, clock);
};

TEST(MeterRoutes, LabelsAreThereFromTheStart) {
  MeterWorld world;
  for (const auto* code : {"200", "400", "401", "429", "500", "503"})
    EXPECT_THAT(world.metrics.text(),
                HasSubstr("apiclient_registry_requests_total{code=\"" + std::string(code) +
                          "\",endpoint=\"token\",listener=\"public\"} 0"));
  EXPECT_THAT(
      world.metrics.text(),
      HasSubstr(
          "apiclient_registry_request_duration_seconds_count{endpoint=\"token\",listener=\"public\"} 0"));
}

TEST(MeterRoutes, CountsAndTimesEachRequest) {
  MeterWorld world;
  for (int i = 0; i < 2; ++i) world.routes.front().handle({});
  world.routes.back().handle({.path = "/a-path-that-somebody-made-up"});
  const auto text = world.metrics.text();
  EXPECT_THAT(
      text,
      HasSubstr("apiclient_registry_requests_total{code=\"200\",endpoint=\"token\",listener=\"public\"} 2"));
  EXPECT_THAT(
      text,
      HasSubstr("apiclient_registry_requests_total{code=\"404\",endpoint=\"other\",listener=\"public\"} 1"));
  EXPECT_THAT(text, HasSubstr("apiclient_registry_request_duration_seconds_bucket{endpoint=\"token\","
                              "listener=\"public\",le=\"0.025\"} 0"));
  EXPECT_THAT(text, HasSubstr("apiclient_registry_request_duration_seconds_bucket{endpoint=\"token\","
                              "listener=\"public\",le=\"0.05\"} 2"));
  EXPECT_THAT(text, Not(HasSubstr("made-up")));
}

TEST(RegistryMetrics, FailedAndThrottledAttemptsAreCounted) {
  PublicWorld world({.per_client = {.burst = 2, .refill = 10s}});
  world.create("a", "op-1", 1, 'x');
  const auto attempt = [&](char letter) {
    http::ServerRequest request{.method = http::Method::post, .remote_address = "192.0.2.1"};
    request.headers.emplace("Authorization", "Basic " + base64_encode("a:" + std::string(43, letter)));
    world.authenticator.authenticate(request, {});
  };
  for (int i = 0; i < 5; ++i) attempt('w');
  attempt('x');
  const auto text = world.metrics.text();
  EXPECT_THAT(text,
              HasSubstr("apiclient_registry_failed_authentications_total{method=\"client_secret_basic\"} 5"));
  EXPECT_THAT(text, HasSubstr("apiclient_registry_throttled_total 3"));
}

}  // namespace
}  // namespace apiclient::registry::test
