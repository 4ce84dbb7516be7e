#pragma once
// What the cache keeps of a Secret that the operator made. Plain value, a few hundred bytes, never any data.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "json/json.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

struct SecretSummary {
  kube::ObjectKey key = {};
  std::string resource_version = {};
  std::string owner_uid = {};
  std::string owner_name = {};  ///< of the ApiClient
  std::string registry = {};    ///< that the credentials are for
  std::int64_t revision = 0;
  bool staged = false;
  bool registration = false;    ///< keeps a registration access token
  bool former = false;          ///< bears `retire-at`
  bool in_other_hands = false;  ///< somebody else's field manager has written data into it
};

Result<SecretSummary> read_secret_summary(const Json& object);

}  // namespace apiclient::reconciler
