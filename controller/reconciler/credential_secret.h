#pragma once
// The two Secrets of a client: the staged one (a mint that has begun) and the target (what consumers read),
// to and from JSON. Pure functions over values. The JSON of a Secret holds secret material: drop it soon,
// never log it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include "api/api_client.h"
#include "base/secret.h"
#include "kube/object_meta.h"
#include "reconciler/desired_client.h"

namespace apiclient::reconciler {

/// A secret value that was generated and is not published yet. Its Secret lives in the operator's namespace.
struct StagedCredential {
  kube::ObjectKey key = {};
  std::string uid = {};
  std::string operation_id = {};
  std::string kind = {};  ///< what began it: Issue, Recover, Rotate
  std::string token = {};
  std::int64_t revision = 0;
  std::string client_id = {};
  api::RegistryStatus registry = {};
  Secret value = {};
};

kube::ObjectKey staged_key(const std::string& operator_namespace, const std::string& owner_uid);
/// `owner` gives the labels; the Secret is immutable.
Json write_staged(const StagedCredential& staged, const kube::ObjectMeta& owner,
                  const std::string& installation_id);
Result<StagedCredential> read_staged(const Json& object);

/// The live Secret under the name that an ApiClient publishes to, whoever owns it.
struct TargetSecret {
  kube::ObjectMeta meta = {};
  std::string type = {};
  bool immutable = false;
  std::string client_id = {};
  Secret value = {};  ///< `client-secret`; empty when there is none
  Json object;        ///< the whole, for an update that keeps foreign parts

  [[nodiscard]] std::string_view owner_uid() const;
  [[nodiscard]] std::string_view installation_id() const;
  [[nodiscard]] std::string_view operation_id() const;
  [[nodiscard]] std::string_view credential_id() const;
  [[nodiscard]] std::int64_t revision() const;
  [[nodiscard]] std::vector<std::string> handled_rotations() const;
  [[nodiscard]] std::string_view handled_revoke() const;
  /// Set on a Secret under a former name: when it goes.
  [[nodiscard]] std::optional<WallTime> retire_at() const;
};

Result<TargetSecret> read_target(Json object);
/// Revision in the annotations of a Secret; 0 when missing or not a number.
std::int64_t revision_of(const kube::ObjectMeta& secret);

/// Somebody else's field manager that has written data into this Secret (Kubernetes API, "Field Management");
/// empty when nobody has.
std::string foreign_writer(const Json& secret);

/// Everything that a target Secret says.
struct Publication {
  const api::ApiClient& client;
  const backend::ClientSettings& settings;
  const RegistrySnapshot& registry;
  std::string installation_id;
  std::int64_t revision = 1;
  std::string operation_id = {};
  std::string credential_id = {};
  const Secret* value = nullptr;  ///< null for clients without a secret
  std::vector<std::string> handled_rotations = {};
  std::string handled_revoke = {};
  std::optional<WallTime> next_rotation = {};  ///< as it was planned when this secret was made
  std::optional<WallTime> retire_at = {};      ///< only for a Secret under a former name
};

Json make_target(const Publication& publication);
/// The live object with our parts replaced: all data; our labels and annotations, without those that we once
/// set and no longer want (by managedFields). Equal to `live` when nothing is to be written.
Json update_target(const Json& live, const Publication& publication);

}  // namespace apiclient::reconciler
