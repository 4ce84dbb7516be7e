#pragma once
// Which ApiClients want which Secret name, so that two of them never write one Secret: the oldest wins. An
// index over the cache, fed by the informer. Thread-safe; every operation is cheap whatever the number of
// ApiClients.

#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

class SecretClaims {
 public:
  /// Older means smaller: creation time, then uid.
  struct Age {
    WallTime created_at;
    std::string uid;
    auto operator<=>(const Age&) const = default;
  };

  void add(const kube::ObjectKey& secret, const Age& age, const kube::ObjectKey& client);
  void remove(const kube::ObjectKey& secret, const std::string& uid);
  [[nodiscard]] bool has_older(const kube::ObjectKey& secret, const Age& than) const;
  /// Everybody who wants this Secret.
  [[nodiscard]] std::vector<kube::ObjectKey> claimants(const kube::ObjectKey& secret) const;

 private:
  struct Claim {
    Age age;
    kube::ObjectKey client;
  };
  using Claims = std::unordered_map<kube::ObjectKey, std::vector<Claim>>;
  mutable Guarded<Claims> claims_;
};

}  // namespace apiclient::reconciler
