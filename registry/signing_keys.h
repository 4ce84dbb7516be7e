#pragma once
// The keys of the access tokens: the one that signs, and those before it for as long as tokens of theirs may
// live. The key file may be replaced at any time; each use looks whether it was. Thread-safe.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/guarded.h"
#include "base/result.h"
#include "registry/key_file.h"
#include "registry/token_lifetimes.h"
#include "registry/token_signer.h"
#include "telemetry/log.h"

namespace apiclient::registry {

/// Which of the previous keys are still published: `longest_life` and an hour after each was retired, because
/// the server may have seen the new file later. Pure.
std::vector<PreviousKey> keys_still_needed(const std::vector<PreviousKey>& previous,
                                           std::chrono::seconds longest_life, WallTime now);

class SigningKeys {
 public:
  /// References are not owned and live longer. A later file with another hash key than `hash_key` is refused:
  /// it would make every stored secret worthless.
  static Result<std::unique_ptr<SigningKeys>> load(const std::string& path, const Secret& hash_key,
                                                   const TokenLifetimes& lifetimes, const Clock& clock);

  Result<std::string> sign(const Json& claims);
  /// Of the key that signs.
  [[nodiscard]] std::string key_id();
  /// JWK Set (RFC 7517 §5) as JSON text; the key that signs comes first.
  [[nodiscard]] std::string key_set();

 private:
  struct Generation {
    std::unique_ptr<TokenSigner> signer;
    std::vector<PreviousKey> previous;
  };
  struct State {
    std::shared_ptr<const Generation> generation;  // shared with the requests that use it just now
    FileStamp stamp;
    bool settled = false;
    bool complained = false;
  };
  SigningKeys(std::string path, Secret hash_key, const TokenLifetimes& lifetimes, const Clock& clock)
      : path_(std::move(path)), hash_key_(std::move(hash_key)), lifetimes_(lifetimes), clock_(clock) {}
  [[nodiscard]] Result<State> read_state() const;
  void refresh(State& state);
  std::shared_ptr<const Generation> current();

  const std::string path_;
  const Secret hash_key_;
  const TokenLifetimes& lifetimes_;
  const Clock& clock_;
  const telemetry::Log log_;
  Guarded<State> state_;
};

}  // namespace apiclient::registry
