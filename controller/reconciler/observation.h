#pragma once
// What a pass has seen, live: the input of the plan. Plain values; holds secret material, so it lives no
// longer than the pass.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/api_client.h"
#include "backend/client.h"
#include "backend/credential_verifier.h"
#include "reconciler/consumer.h"
#include "reconciler/credential_secret.h"
#include "reconciler/desired_client.h"
#include "reconciler/recorded_client.h"
#include "reconciler/registration_answers.h"
#include "reconciler/registry_directory.h"

namespace apiclient::reconciler {

/// Whose is the Secret that lives under our target's name?
enum class TargetOwner {
  nobody,        ///< there is none
  us,            ///< this ApiClient, by uid
  our_past,      ///< an object of our name that is gone (restored, re-created): taken over silently
  other_client,  ///< another ApiClient that is alive
  foreign,       ///< not the operator's, or another installation's
};

/// Whose is the client that the registry has under our id?
enum class ClientOwner {
  nobody,              ///< there is none
  us,                  ///< our installation, namespace and name; the uid may be a dead one
  other_client,        ///< another ApiClient of this installation
  other_installation,  ///< never touched
  unmarked,            ///< somebody's who does not mark
};

ClientOwner owner_of(const std::optional<backend::RegisteredClient>& registered,
                     const kube::ObjectMeta& client, const std::string& installation_id);

/// What spec.adopt.secretRef leads to, and what the registry says of it.
struct ShownSecret {
  std::string problem = {};  ///< why there is no value, with the fix
  Secret value = {};
  backend::Verdict verdict = backend::Verdict::unknown;
};

struct Observation {
  api::ApiClient client = {};
  std::string installation_id = {};
  std::shared_ptr<const RegistrySnapshot> registry = {};
  DesiredClient desired = {};
  std::optional<StagedCredential> staged = {};
  std::optional<backend::RegisteredClient> registered = {};
  std::optional<TargetSecret> target = {};
  TargetOwner target_owner = TargetOwner::nobody;
  /// Ours under the names that were published to before; newest revision first.
  std::vector<TargetSecret> formers = {};
  bool older_claimant = false;  ///< an older ApiClient publishes to the same Secret name
  /// Asked only where the published value is in doubt.
  std::optional<backend::Verdict> published_verdict = {};
  /// Asked only where the adoption of a client depends on it.
  std::optional<ShownSecret> shown = {};
  /// Of spec.restartTargets, those that were looked at: all of them, or none.
  std::vector<Consumer> consumers = {};
  /// Of the registration that status.rotation.inProgress speaks of.
  FencedOutcome fenced_outcome = FencedOutcome::unknown;
  /// Where the server picks ids, and a pass may have come to its end before it could tell what it did: the
  /// clients of this object that neither status nor Secrets name, by revision.
  std::vector<RecordedClient> unnamed_clients = {};
  bool clock_trusted = true;  ///< local time agrees with the API server's
  bool in_line = false;       ///< a planned rotation was due before and waits for its turn
  bool holds_slot = false;    ///< a planned rotation of it goes on
  bool is_its_turn = true;    ///< a planned rotation may begin

  /// Nothing was ever published for this object.
  [[nodiscard]] bool first_issuance() const { return !client.status.issued() && published() == nullptr; }
  /// What consumers read: the target, or before a new name is published to, the newest former one.
  [[nodiscard]] const TargetSecret* published() const {
    if (target && target_is_ours()) return &*target;
    return formers.empty() ? nullptr : &formers.front();
  }
  [[nodiscard]] bool target_is_ours() const {
    return target_owner == TargetOwner::us || target_owner == TargetOwner::our_past;
  }
  /// As far as was seen, consumers can go on with what is published.
  [[nodiscard]] bool published_works() const {
    return published() != nullptr && published_verdict != backend::Verdict::rejected &&
           (!desired.settings.has_secret() || !published()->value.empty());
  }
  [[nodiscard]] ClientOwner client_owner() const {
    return owner_of(registered, client.meta, installation_id);
  }
  /// The registry has something else than is declared, or the mark of an object that is gone.
  [[nodiscard]] bool needs_update() const {
    if (!registered) return false;
    const bool of_the_dead = registered->mark && registered->mark->uid != client.meta.uid;
    return of_the_dead || registered->settings != desired.settings;
  }
};

/// Where the server picks the id: it is this one. What is desired, published and reported follows.
void use_client_id(Observation& seen, const std::string& client_id);

}  // namespace apiclient::reconciler
