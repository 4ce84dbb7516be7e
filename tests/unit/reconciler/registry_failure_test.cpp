#include "reconciler/registry_failure.h"

#include <gtest/gtest.h>

#include "support/matchers.h"

namespace apiclient::reconciler {
namespace {

struct Row {
  std::string name;
  Error error;
  std::string reason;
  bool registry_is_the_matter;
};
class RegistryFailure : public ::testing::TestWithParam<Row> {};

TEST_P(RegistryFailure, HasAReason) { EXPECT_EQ(registry_reason(GetParam().error), GetParam().reason); }

TEST_P(RegistryFailure, IsTheRegistrysOrTheRequests) {
  EXPECT_EQ(is_registry_failure(GetParam().error), GetParam().registry_is_the_matter);
}

Error error(ErrorKind kind, int status_code = 0, std::string code = {}) {
  return {.kind = kind, .message = "what happened", .status_code = status_code, .code = std::move(code)};
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RegistryFailure,
    ::testing::Values(
        Row{"Unauthorized", error(ErrorKind::unauthorized, 401), "CredentialsRefused", true},
        Row{"Forbidden", error(ErrorKind::forbidden, 403), "CredentialsRefused", true},
        Row{"NotARegistry", error(ErrorKind::protocol, 200), "UnexpectedAnswer", true},
        Row{"NotFound", error(ErrorKind::not_found, 404), "UnexpectedAnswer", false},
        Row{"Throttled", error(ErrorKind::throttled, 429), "Throttled", true},
        Row{"WrongIssuer", error(ErrorKind::invalid, 0, "issuer_mismatch"), "IssuerMismatch", false},
        Row{"Refused", error(ErrorKind::invalid, 400, "invalid_client_metadata"), "InvalidSpec", false},
        Row{"ServerError", error(ErrorKind::unavailable, 500), "ServerError", true},
        Row{"NoAnswer", error(ErrorKind::unavailable), "RegistryUnreachable", true},
        Row{"NotSent", error(ErrorKind::unavailable, 503, "circuit_open"), "ServerError", true},
        Row{"HeldBackByUs", error(ErrorKind::throttled, 0, "rate_limited"), "Throttled", false},
        Row{"StateLost", error(ErrorKind::unavailable, 0, "state_lost"), "StateLost", true},
        Row{"TimedOut", error(ErrorKind::timeout), "RegistryUnreachable", true},
        Row{"Conflict", error(ErrorKind::conflict, 409), "RegistryUnreachable", false},
        Row{"Exists", error(ErrorKind::already_exists, 409), "RegistryUnreachable", false},
        Row{"Cancelled", error(ErrorKind::cancelled), "RegistryUnreachable", false},
        Row{"Internal", error(ErrorKind::internal), "RegistryUnreachable", false}),
    test::RowName());

TEST(FailureMessage, HasDetailsOnlyOfACallThatWasSent) {
  EXPECT_EQ(failure_message("default", error(ErrorKind::unavailable, 503)),
            "registry default: what happened");
  EXPECT_EQ(failure_message("default", error(ErrorKind::unavailable, 503, "circuit_open")),
            registry_message("default", "ServerError"));
}

}  // namespace
}  // namespace apiclient::reconciler
