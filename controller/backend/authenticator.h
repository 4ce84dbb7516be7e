#pragma once
// How we show a registry's admin side who we are. Thread-safe.

#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace apiclient::backend {

using SharedSecret = std::shared_ptr<const Secret>;

/// Without credentials.
struct NoAuth {};
/// RFC 6750.
struct BearerAuth {
  SharedSecret token = {};
};
/// RFC 7617.
struct BasicAuth {
  std::string username = {};
  SharedSecret password = {};
};
/// A token of the registry itself, fetched with the client_credentials grant (RFC 6749 §4.4).
struct ClientCredentialsAuth {
  std::string client_id = {};
  SharedSecret client_secret = {};
  std::string token_url = {};  ///< empty: the registry's own
  std::vector<std::string> scopes = {};
};
using RegistryAuth = std::variant<NoAuth, BearerAuth, BasicAuth, ClientCredentialsAuth>;

/// One value for the Authorization header.
struct Authorization {
  SharedSecret header = {};                ///< null: none is sent
  std::vector<SharedSecret> secrets = {};  ///< what an answer may repeat and a message must not
};

class Authenticator {
 public:
  Authenticator() = default;
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  virtual ~Authenticator() = default;

  /// Errors: those of a token endpoint; `unauthorized` when it refuses our client.
  virtual Result<Authorization> authorize(const std::stop_token& stop) = 0;
  /// The registry answered 401 to `used`. True: the next one may do better.
  virtual bool refused(const Authorization& used) = 0;
};

/// For everything that stays the same for the connection's life. Errors: invalid (a value that no header can
/// carry). Not for ClientCredentialsAuth: see client_credentials.h.
Result<std::unique_ptr<Authenticator>> make_fixed_authenticator(const RegistryAuth& auth);

}  // namespace apiclient::backend
