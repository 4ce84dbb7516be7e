#pragma once
// Where the bearer token for the API server comes from. Thread-safe.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace apiclient::kube {

class TokenSource {
 public:
  TokenSource() = default;
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;
  virtual ~TokenSource() = default;

  /// The present token; empty when there is none (client certificates).
  virtual Result<Secret> token() = 0;
  /// The server answered 401 to a token that was taken before `used_at`: forget it.
  virtual void rejected(BootTime used_at) = 0;
};

std::unique_ptr<TokenSource> make_fixed_token(Secret token);
std::unique_ptr<TokenSource> make_no_token();
/// Re-read when the value is older than 50 s; a failed read keeps the old value.
std::unique_ptr<TokenSource> make_file_token(std::string path, const Clock& clock);

}  // namespace apiclient::kube
