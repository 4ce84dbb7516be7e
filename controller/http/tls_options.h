#pragma once
// How a client trusts and identifies itself. Values are PEM texts, not paths. Plain data.

#include <memory>
#include <optional>
#include <string>

#include "base/secret.h"

namespace apiclient::http {

struct TlsOptions {
  /// Trusted roots. Empty: the system's. Given: these only.
  std::string ca_pem = {};
  /// Client certificate chain and key; both or neither. Shared because options are copied and keys are not.
  std::string certificate_pem = {};
  std::shared_ptr<const Secret> key_pem = {};
  /// Name for SNI and certificate check instead of the URI's host; empty: the URI's host.
  std::string server_name = {};
  /// Accept any certificate. Only ever because a person asked for it.
  bool insecure_skip_verify = false;
};

}  // namespace apiclient::http
