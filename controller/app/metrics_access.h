#pragma once
// Who may read the metrics: whoever the API server knows by a bearer token (TokenReview) and lets `get` the
// path (SubjectAccessReview). Answers are remembered for a moment; of a token only its digest. Thread-safe.

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/server.h"
#include "kube/client.h"

namespace apiclient::app {

class MetricsAccess {
 public:
  /// Both outlive this.
  MetricsAccess(kube::Writer& reviews, const Clock& clock) : reviews_(reviews), clock_(clock) {}

  /// Empty: go on. Else the answer: 401 (no token, or nobody's), 403 (not allowed), 503 (the API server
  /// cannot be asked).
  std::optional<http::Response> refuse(const http::ServerRequest& request);

 private:
  struct Verdict {
    int status_code = 0;  ///< 200: allowed
    BootTime valid_until = {};
  };
  Result<int> ask(const std::string& token, const std::string& path);
  [[nodiscard]] std::optional<int> remembered(const std::string& digest) const;
  void remember(const std::string& digest, int status_code);

  kube::Writer& reviews_;
  const Clock& clock_;
  mutable Guarded<std::unordered_map<std::string, Verdict>> verdicts_;  ///< by digest of token and path
};

/// The route, for those who may read it.
http::Route guarded_route(http::Route route, MetricsAccess& access);

}  // namespace apiclient::app
