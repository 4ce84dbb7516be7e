#include "telemetry/audit.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "json/json.h"
#include "support/audit_capture.h"
#include "support/log_capture.h"
#include "support/matchers.h"

namespace apiclient::test {
namespace {

using telemetry::audit_line;
using telemetry::AuditAction;
using telemetry::AuditOutcome;
using telemetry::AuditRecord;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNow{std::chrono::seconds(1767323045)};

Json parsed(const AuditRecord& record) { return json::parse(audit_line(record, kNow)).value(); }

TEST(AuditLine, HasWhatTheSchemaSays) {
  const Json line = parsed({.action = AuditAction::credential_added,
                            .outcome = AuditOutcome::unknown,
                            .namespace_name = "team-a",
                            .name = "invoices",
                            .uid = "u1",
                            .registry = "default",
                            .client_id = "acme_team-a_invoices",
                            .secret = "team-a/invoices",
                            .revision = 3,
                            .credential_id = "c3",
                            .hint = "abcd",
                            .reason = "Rotate",
                            .token = "r1",
                            .operation_id = "op",
                            .installation_id = "inst"});
  EXPECT_EQ(line, Json({{"audit", true},
                        {"time", "2026-01-02T03:04:05.000000Z"},
                        {"action", "credential.added"},
                        {"outcome", "unknown"},
                        {"message", "secret added to the client in the registry"},
                        {"namespace", "team-a"},
                        {"name", "invoices"},
                        {"uid", "u1"},
                        {"registry", "default"},
                        {"client_id", "acme_team-a_invoices"},
                        {"secret", "team-a/invoices"},
                        {"revision", 3},
                        {"credential_id", "c3"},
                        {"hint", "abcd"},
                        {"reason", "Rotate"},
                        {"token", "r1"},
                        {"operation_id", "op"},
                        {"installation_id", "inst"}}));
}

TEST(AuditLine, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(parsed({.action = AuditAction::client_removed}),
            Json({{"audit", true},
                  {"time", "2026-01-02T03:04:05.000000Z"},
                  {"action", "client.removed"},
                  {"outcome", "done"},
                  {"message", "client removed from the registry"}}));
}

TEST(AuditLine, LeavesOutAHintThatIsMoreThanFourCharacters) {
  EXPECT_FALSE(parsed({.hint = "abcde"}).contains("hint"));
}

TEST(AuditLine, AwkwardTextStaysOnOneLine) {
  const std::string text = "a\nb\"c\\d\x01\xff";
  const std::string line = audit_line({.reason = text}, kNow);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(line).value()["reason"], "a\nb\"c\\d\x01\xEF\xBF\xBD");
}

TEST(Audit, EveryActionHasItsOwnNameAndMessage) {
  std::set<std::string> names;
  std::set<std::string> messages;
  for (int i = 0; i <= static_cast<int>(AuditAction::secret_deleted); ++i) {
    const Json line = parsed({.action = static_cast<AuditAction>(i)});
    names.insert(line.value("action", ""));
    messages.insert(line.value("message", ""));
  }
  EXPECT_THAT(names, SizeIs(16));
  EXPECT_THAT(messages, SizeIs(16));
  EXPECT_FALSE(names.contains(""));
}

TEST(Audit, IsJsonWhateverTheLogIs) {
  const LogCapture log({.level = telemetry::LogLevel::error, .format = telemetry::LogFormat::text});
  const AuditCapture audit;
  telemetry::write_audit({.action = AuditAction::client_created, .name = "web"});
  ASSERT_THAT(audit.lines(), SizeIs(1));
  EXPECT_EQ(json::parse(audit.lines()[0]).value()["name"], "web");
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(Audit, LinesOfManyThreadsStayWhole) {
  const AuditCapture audit;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 100; ++n) telemetry::write_audit({.name = std::string(200, 'x')});
      });
    }
  }
  const auto lines = audit.lines();
  EXPECT_THAT(lines, SizeIs(400));
  for (const std::string& line : lines) EXPECT_THAT(json::parse(line), is_ok());
}

/// Standard output, so that it can be told from the log without a look inside.
TEST(Audit, GoesToStandardOutput) {
  telemetry::init_audit();
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  telemetry::write_audit({.name = "web"});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(json::parse(::testing::internal::GetCapturedStdout()), is_ok());
}

}  // namespace
}  // namespace apiclient::test
