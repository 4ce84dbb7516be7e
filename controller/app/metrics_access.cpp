#include "app/metrics_access.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/names.h"
#include "base/digest.h"
#include "base/secret.h"
#include "http/authorization.h"
#include "telemetry/log.h"

namespace apiclient::app {
namespace {

constexpr std::chrono::seconds kAllowedFor{60};
constexpr std::chrono::seconds kRefusedFor{10};
/// More different tokens than that at once are somebody's guesses.
constexpr std::size_t kMostRemembered = 256;
constexpr int kAllowed = 200;

bool is_true(const Json& review, const char* member) {
  return review.value("/status"_json_pointer, Json::object()).value(member, false);
}

Json review(const kube::ResourceType& type, Json spec) {
  return {{"apiVersion", type.api_version()}, {"kind", type.kind}, {"spec", std::move(spec)}};
}

/// May this user (the status of a TokenReview) get the path?
Json access_review(const Json& user, const std::string& path) {
  Json spec = {{"nonResourceAttributes", {{"path", path}, {"verb", "get"}}}};
  spec["user"] = user.value("username", "");
  for (const char* member : {"uid", "groups", "extra"}) {
    if (user.contains(member)) spec[member] = user[member];
  }
  return review(kube::kSubjectAccessReviews, std::move(spec));
}

http::Response refusal(int status_code) {
  http::Response response = http::problem_response(status_code);
  if (status_code == 401) response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

}  // namespace

std::optional<http::Response> MetricsAccess::refuse(const http::ServerRequest& request) {
  // RFC 6750 section 2.1.
  std::string token(http::credentials_of(http::find_header(request.headers, "Authorization"), "Bearer"));
  if (token.empty()) return refusal(401);
  const std::string digest = sha256_hex(request.path + "\n" + token);
  std::optional<int> verdict = remembered(digest);
  if (!verdict) {
    const auto answer = ask(token, request.path);
    if (!answer) {
      telemetry::Log().warning("nobody can be let to the metrics", {{"error", answer.error().message}});
    } else {
      remember(digest, *answer);
    }
    verdict = answer.value_or(503);
  }
  wipe(token);
  return *verdict == kAllowed ? std::nullopt : std::optional(refusal(*verdict));
}

Result<int> MetricsAccess::ask(const std::string& token, const std::string& path) {
  ASSIGN_OR_RETURN(const Json known,
                   reviews_.create(kube::kTokenReviews, review(kube::kTokenReviews, {{"token", token}}),
                                   api::kFieldManager, {}));
  if (!is_true(known, "authenticated")) return 401;
  const Json user = known.value("/status/user"_json_pointer, Json::object());
  ASSIGN_OR_RETURN(const Json allowed, reviews_.create(kube::kSubjectAccessReviews, access_review(user, path),
                                                       api::kFieldManager, {}));
  return is_true(allowed, "allowed") ? kAllowed : 403;
}

std::optional<int> MetricsAccess::remembered(const std::string& digest) const {
  const auto verdicts = verdicts_.lock();
  const auto found = verdicts->find(digest);
  if (found == verdicts->end() || found->second.valid_until <= clock_.now()) return std::nullopt;
  return found->second.status_code;
}

void MetricsAccess::remember(const std::string& digest, int status_code) {
  const auto verdicts = verdicts_.lock();
  if (verdicts->size() >= kMostRemembered) verdicts->clear();
  const auto valid_for = status_code == kAllowed ? kAllowedFor : kRefusedFor;
  verdicts->insert_or_assign(digest, Verdict{status_code, clock_.now() + valid_for});
}

http::Route guarded_route(http::Route route, MetricsAccess& access) {
  auto handle = [inner = std::move(route.handle), &access](const http::ServerRequest& request) {
    auto refused = access.refuse(request);
    return refused ? std::move(*refused) : inner(request);
  };
  route.handle = std::move(handle);
  return route;
}

}  // namespace apiclient::app
