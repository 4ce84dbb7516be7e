#include "kube/event.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace apiclient::kube {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;

constexpr WallTime kNow{std::chrono::seconds(1767323045)};
const EventSource kSource{.controller = "apiclient.dev/apiclient-operator", .instance = "pod_1"};
const ObjectReference kInvoices{
    .api_version = "apiclient.dev/v1alpha1", .kind = "ApiClient", .key = {"team-a", "invoices"}, .uid = "u1"};

Json written(const Event& event) {
  return write_event(event, event_key(event.regarding, "00ff"), kSource, kNow);
}

TEST(Event, IsWrittenAsTheApiWantsIt) {
  const Event event{.regarding = kInvoices,
                    .type = EventType::warning,
                    .reason = "DeletionBlocked",
                    .action = "Delete",
                    .note = "why"};
  EXPECT_EQ(written(event), Json({{"apiVersion", "events.k8s.io/v1"},
                                  {"kind", "Event"},
                                  {"metadata", {{"namespace", "team-a"}, {"name", "invoices.00ff"}}},
                                  {"eventTime", "2026-01-02T03:04:05.000000Z"},
                                  {"reportingController", "apiclient.dev/apiclient-operator"},
                                  {"reportingInstance", "pod_1"},
                                  {"regarding",
                                   {{"apiVersion", "apiclient.dev/v1alpha1"},
                                    {"kind", "ApiClient"},
                                    {"namespace", "team-a"},
                                    {"name", "invoices"},
                                    {"uid", "u1"}}},
                                  {"type", "Warning"},
                                  {"reason", "DeletionBlocked"},
                                  {"action", "Delete"},
                                  {"note", "why"}}));
}

TEST(Event, AboutAClusterScopedObjectLivesInDefault) {
  Event event{.regarding = {.kind = "ClusterClientRegistry", .key = {"", "main"}, .uid = "u2"}};
  const Json object = written(event);
  EXPECT_EQ(object["metadata"]["namespace"], "default");
  EXPECT_FALSE(object["regarding"].contains("namespace"));
}

TEST(Event, WhatIsTooLongIsCut) {
  const Event event{.regarding = kInvoices,
                    .reason = std::string(200, 'R'),
                    .action = std::string(200, 'A'),
                    .note = std::string(1023, 'n') + "\xC3\xA4"};
  const Json object = write_event(event, {"team-a", "x"}, {"c", std::string(200, 'i')}, kNow);
  EXPECT_THAT(object["reason"].get<std::string>(), SizeIs(128));
  EXPECT_THAT(object["action"].get<std::string>(), SizeIs(128));
  EXPECT_THAT(object["reportingInstance"].get<std::string>(), SizeIs(128));
  EXPECT_EQ(object["note"], std::string(1023, 'n')) << "never half a character";
}

/// Each such byte becomes three.
TEST(Event, ANoteThatIsNoUtf8StaysWithinTheLimit) {
  const Event event{.regarding = kInvoices, .note = std::string(1024, '\xFF')};
  EXPECT_THAT(written(event)["note"].get<std::string>(), SizeIs(1023));
}

TEST(EventKey, CutsTheNameOfTheObject) {
  ObjectReference object = kInvoices;
  object.key.name = std::string(236, 'a') + std::string(17, 'b');
  EXPECT_THAT(event_key(object, "0123456789abcdef").name, SizeIs(253));
  object.key.name = std::string(235, 'a') + "-" + std::string(17, 'b');
  EXPECT_THAT(event_key(object, "0123456789abcdef").name, EndsWith("a.0123456789abcdef"));
}

TEST(EventSeries, IsAMergePatch) {
  EXPECT_EQ(write_event_series(2, kNow),
            Json({{"series", {{"count", 2}, {"lastObservedTime", "2026-01-02T03:04:05.000000Z"}}}}));
}

}  // namespace
}  // namespace apiclient::kube
