#pragma once
// What the cache keeps of an ApiClient: enough to see that it is settled without any further read, and to
// find it. Everything else is read live when there is work. Plain value, a few hundred bytes.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "json/json.h"
#include "kube/condition.h"
#include "kube/object_key.h"

namespace apiclient::api {

struct ApiClientSummary {
  kube::ObjectKey key = {};
  std::string uid = {};
  std::string resource_version = {};
  WallTime created_at = {};
  std::optional<WallTime> next_rotation = {};  ///< by schedule, as the status announces it
  std::optional<WallTime> issued_at = {};      ///< of the published credential
  std::optional<WallTime> overlap_ends = {};   ///< of the older secret, when a time for that is set
  std::int64_t generation = 0;
  std::int64_t observed_generation = -1;
  std::int64_t revision = 0;         ///< of the published credential
  std::string secret_name = {};      ///< wanted
  std::string binding_name = {};     ///< published
  std::string registry_name = {};    ///< asked for (api/registry_id.h); empty: the default one
  std::string pinned_registry = {};  ///< from the status, likewise
  std::string client_id = {};        ///< from the status
  kube::ConditionStatus ready = kube::ConditionStatus::unknown;
  kube::ConditionStatus registered = kube::ConditionStatus::unknown;
  bool deleting = false;
  bool has_finalizer = false;
  bool stalled = false;
  bool reconciling = false;
  bool overlap_active = false;  ///< an older secret still works
  bool tokens_handled = false;  ///< every token annotation repeats what the status says was handled
};

Result<ApiClientSummary> read_api_client_summary(const Json& object);

}  // namespace apiclient::api
