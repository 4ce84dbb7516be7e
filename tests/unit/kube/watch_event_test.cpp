#include "kube/watch_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/overloaded.h"

namespace apiclient::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A decoder that notes one word per event.
class Decoding {
 public:
  explicit Decoding(std::size_t max_line = 1U << 20U)
      : decoder([this](WatchEvent&& event) { return note(event); }, max_line) {}

  Result<void> note(const WatchEvent& event) {
    words.push_back(std::visit(
        overloaded{[](const ObjectChanged& e) {
                     return "changed " + e.object["metadata"]["name"].get<std::string>();
                   },
                   [](const ObjectDeleted& e) {
                     return "deleted " + e.object["metadata"]["name"].get<std::string>();
                   },
                   [](const Bookmark& e) {
                     return "bookmark " + e.resource_version + (e.initial_events_end ? " end" : "");
                   }},
        event));
    if (words.size() == fail_at) return fail(ErrorKind::conflict, "enough");
    return {};
  }

  std::vector<std::string> words;
  std::size_t fail_at = 0;
  WatchDecoder decoder;
};

std::string event(const char* type, const char* name) {
  return std::string(R"({"type":")") + type + R"(","object":{"kind":"Secret","metadata":{"name":")" + name +
         "\"}}}\n";
}

std::string bookmark(const char* version, const char* annotations = "{}") {
  return std::string(R"({"type":"BOOKMARK","object":{"kind":"Secret","metadata":{"resourceVersion":")") +
         version + R"(","annotations":)" + annotations + "}}}\n";
}

TEST(WatchDecoder, EventsAreTheSameWhereverTheStreamIsCut) {
  const std::string stream = event("ADDED", "one") + event("MODIFIED", "zw\xC3\xB6lf") +
                             event("DELETED", "one") + bookmark("42") +
                             bookmark("43", R"({"k8s.io/initial-events-end":"true"})");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Decoding decoding;
    ASSERT_TRUE(decoding.decoder.feed(std::string_view(stream).substr(0, cut))) << cut;
    ASSERT_TRUE(decoding.decoder.feed(std::string_view(stream).substr(cut))) << cut;
    ASSERT_TRUE(decoding.decoder.finish()) << cut;
    ASSERT_THAT(decoding.words, ElementsAre("changed one", "changed zw\xC3\xB6lf", "deleted one",
                                            "bookmark 42", "bookmark 43 end"))
        << cut;
  }
}

TEST(WatchDecoder, EventsComeOutByteByByteAsSoonAsTheirLineEnds) {
  const std::string stream = event("ADDED", "one") + event("ADDED", "two");
  Decoding decoding;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    ASSERT_TRUE(decoding.decoder.feed(std::string_view(stream).substr(i, 1)));
    const std::size_t lines = i + 1 == stream.size() ? 2 : i >= stream.find('\n') ? 1 : 0;
    ASSERT_EQ(decoding.words.size(), lines) << i;
  }
}

TEST(WatchDecoder, EmptyLinesAndCarriageReturnsAreSkipped) {
  Decoding decoding;
  std::string line = event("ADDED", "one");
  line.insert(line.size() - 1, "\r");
  ASSERT_TRUE(decoding.decoder.feed("\n\r\n" + line + "\n"));
  EXPECT_TRUE(decoding.decoder.finish());
  EXPECT_THAT(decoding.words, ElementsAre("changed one"));
}

TEST(WatchDecoder, StreamThatEndsInsideAnEventIsUnavailable) {
  Decoding decoding;
  ASSERT_TRUE(decoding.decoder.feed(event("ADDED", "one") + "{\"type\":"));
  const auto end = decoding.decoder.finish();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::unavailable);
}

TEST(WatchDecoder, HandlerEndsTheStreamWithItsError) {
  Decoding decoding;
  decoding.fail_at = 2;
  const auto result = decoding.decoder.feed(event("ADDED", "a") + event("ADDED", "b") + event("ADDED", "c"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::conflict);
  EXPECT_THAT(decoding.words, ElementsAre("changed a", "changed b"));
}

TEST(WatchDecoder, LineAtTheLimitPassesAndOneByteMoreDoesNot) {
  const std::string line = event("ADDED", "one");
  for (const std::size_t piece : {line.size(), std::size_t{7}, std::size_t{1}}) {
    for (const std::size_t limit : {line.size() - 1, line.size() - 2}) {
      Decoding decoding(limit);
      Result<void> result;
      for (std::size_t at = 0; at < line.size() && result; at += piece) {
        result = decoding.decoder.feed(std::string_view(line).substr(at, piece));
      }
      ASSERT_EQ(result.has_value(), limit == line.size() - 1) << "pieces of " << piece;
      if (!result) {
        EXPECT_EQ(result.error().kind, ErrorKind::protocol);
        EXPECT_THAT(result.error().message, HasSubstr("longer than"));
      }
    }
  }
}

struct FailureRow {
  const char* name;
  std::string line;
  ErrorKind kind;
};
void PrintTo(const FailureRow& row, std::ostream* out) { *out << row.name; }

class WatchDecoderFailureTest : public testing::TestWithParam<FailureRow> {};

TEST_P(WatchDecoderFailureTest, HasKindAndHandsNothingOut) {
  Decoding decoding;
  const auto result = decoding.decoder.feed(GetParam().line + "\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error().kind), to_string(GetParam().kind));
  EXPECT_TRUE(decoding.words.empty());
}

std::string error_event(int code, const char* reason) {
  return Json{{"type", "ERROR"},
              {"object", {{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", "m"}}}}
      .dump();
}

INSTANTIATE_TEST_SUITE_P(
    Lines, WatchDecoderFailureTest,
    testing::Values(FailureRow{"Expired", error_event(410, "Expired"), ErrorKind::expired},
                    FailureRow{"Throttled", error_event(429, "TooManyRequests"), ErrorKind::throttled},
                    FailureRow{"InternalError", error_event(500, "InternalError"), ErrorKind::unavailable},
                    FailureRow{"ErrorWithoutStatus", R"({"type":"ERROR","object":{"kind":"Secret"}})",
                               ErrorKind::protocol},
                    FailureRow{"NotJson", "<html>", ErrorKind::protocol},
                    FailureRow{"NotAnObject", "[1]", ErrorKind::protocol},
                    FailureRow{"NoObject", R"({"type":"ADDED"})", ErrorKind::protocol},
                    FailureRow{"ObjectIsText", R"({"type":"ADDED","object":"x"})", ErrorKind::protocol},
                    FailureRow{"UnknownType", R"({"type":"RENAMED","object":{}})", ErrorKind::protocol},
                    FailureRow{"TypeIsNumber", R"({"type":1,"object":{}})", ErrorKind::protocol},
                    FailureRow{"Table", R"({"type":"ADDED","object":{"kind":"Table"}})", ErrorKind::protocol},
                    FailureRow{"BookmarkWithoutVersion", R"({"type":"BOOKMARK","object":{"metadata":{}}})",
                               ErrorKind::protocol},
                    FailureRow{"TooDeep", "{\"type\":\"ADDED\",\"object\":" + std::string(100, '['),
                               ErrorKind::protocol}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace apiclient::kube
