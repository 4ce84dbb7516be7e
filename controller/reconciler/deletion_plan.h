#pragma once
// The decision about an ApiClient that is being deleted: registry first, then the Secret, then the staged
// one and the records of registrations, then the finalizer. Pure.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/observation.h"
#include "reconciler/recorded_client.h"

namespace apiclient::reconciler {

namespace deletion_step {
struct RemoveClient {
  std::string client_id;
  std::string expected_uid;  ///< of the mark that was read
};
struct DisableClient {
  std::string client_id;
  std::string expected_uid;  ///< of the mark that was read
};
struct DeleteTarget {};
struct DeleteFormers {};
struct DropStaged {};
/// What is kept to manage the clients with, whether or not they stay.
struct ForgetRegistrations {
  std::string registry;
  std::vector<std::string> client_ids;
};
struct ReleaseFinalizer {};
}  // namespace deletion_step

using DeletionStep =
    std::variant<deletion_step::RemoveClient, deletion_step::DisableClient, deletion_step::DeleteTarget,
                 deletion_step::DeleteFormers, deletion_step::DropStaged, deletion_step::ForgetRegistrations,
                 deletion_step::ReleaseFinalizer>;

std::string_view name_of(const DeletionStep& step);

/// Where the client was registered: from the status, else from what fenced the mint, else from the target
/// Secret.
struct Origin {
  std::string client_id;
  std::string registry_name;
};

struct DeletionObservation {
  api::ApiClient client = {};
  std::string installation_id = {};
  std::optional<StagedCredential> staged = {};
  std::optional<TargetSecret> target = {};
  TargetOwner target_owner = TargetOwner::nobody;
  std::vector<TargetSecret> formers = {};  ///< as in Observation
  /// Look-up at the origin's registry; meaningless while there is no origin or the policy keeps the client.
  std::optional<backend::RegisteredClient> registered = {};

  /// Of a registration whose answer is not staged yet; empty: none.
  std::string unstaged_client_id = {};
  /// Where the server picks ids: all that there are records of.
  std::vector<RecordedClient> recorded = {};
  /// The other clients that the object has where the server picks ids, as they were looked up.
  std::vector<backend::RegisteredClient> others = {};

  [[nodiscard]] bool target_is_ours() const {
    return target_owner == TargetOwner::us || target_owner == TargetOwner::our_past;
  }
};

/// Empty: it was never registered.
std::optional<Origin> find_origin(const DeletionObservation& seen);
/// Where the server picks ids: of the clients beside the one at the origin (an overlap, a mint that has
/// begun).
std::vector<std::string> other_client_ids(const DeletionObservation& seen);
bool abandoned_by_person(const api::ApiClient& client);
/// The registry has to be asked before anything can be decided.
bool needs_registry(const DeletionObservation& seen);

std::vector<DeletionStep> make_deletion_plan(const DeletionObservation& seen);

}  // namespace apiclient::reconciler
