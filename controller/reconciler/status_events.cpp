#include "reconciler/status_events.h"

#include "api/conditions.h"
#include "api/event_reasons.h"
#include "api/names.h"
#include "api/registry_id.h"
#include "base/rfc3339.h"
#include "kube/condition.h"
#include "reconciler/rotation_record.h"
#include "reconciler/strategy.h"

namespace apiclient::reconciler {
namespace {

using api::ApiClientStatus;
using kube::Condition;
using kube::ConditionStatus;
using kube::Event;
using kube::EventType;

const Condition* find_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* found = kube::find_condition(conditions, type);
  return found != nullptr && found->status == ConditionStatus::true_value ? found : nullptr;
}

/// The condition, when it has become True or its reason is another one now.
const Condition* newly_true(const std::vector<Condition>& before, const std::vector<Condition>& after,
                            std::string_view type) {
  const Condition* now = find_true(after, type);
  if (now == nullptr) return nullptr;
  const Condition* then = find_true(before, type);
  return then == nullptr || then->reason != now->reason ? now : nullptr;
}

/// "revision 2, which ends in abcd": never more of a secret than the status shows.
std::string describe(const api::CredentialStatus& credential) {
  std::string text = "revision " + std::to_string(credential.revision);
  if (!credential.hint.empty()) text += ", which ends in " + credential.hint;
  return text;
}

std::string until_when(const ApiClientStatus& after) {
  if (!after.previous || !after.previous->retire_at) return "";
  return "; revision " + std::to_string(after.previous->revision) + " works until " +
         format_rfc3339(*after.previous->retire_at);
}

/// Nobody shall believe that there was an overlap.
std::string gap_of(const ApiClientStatus& after) {
  if (after.rotation.strategy != to_string(Strategy::in_place)) return "";
  return "; the registry holds one secret, so none worked from its replacement there until this Secret was "
         "written";
}

class ClientEvents {
 public:
  ClientEvents(const api::ApiClient& client, const ApiClientStatus& after)
      : client_(client), before_(client.status), after_(after) {}

  std::vector<Event> all() {
    issued();
    replaced();
    retired();
    restart_incomplete();
    refused_token();
    stalled();
    deletion_blocked();
    return std::move(events_);
  }

 private:
  void issued() {
    if (before_.issued() || !after_.issued()) return;
    std::string note = client_text() + " is issued, and Secret " + after_.binding_name + " published";
    if (after_.credential) note += " with " + describe(*after_.credential);
    add(EventType::normal, api::event_reason::kIssued, "Issue", note);
  }

  void replaced() {
    const std::string why = reason_of_rotation(before_, after_);
    if (why.empty()) return;
    const std::string secret =
        "Secret " + after_.binding_name + " has " + describe(*after_.credential) + until_when(after_);
    if (why == kRecoveredReason) {
      return add(
          EventType::normal, api::event_reason::kCredentialRecovered, "Recover",
          "the secret of " + client_text() + " was lost or replaced, so there is a new one: " + secret);
    }
    const std::string how = why == kScheduledReason ? "as scheduled" : "(" + why + ")";
    add(EventType::normal, api::event_reason::kRotated, "Rotate",
        "the secret of " + client_text() + " is rotated " + how + ": " + secret + gap_of(after_));
  }

  void restart_incomplete() {
    const Condition* now = newly_true(before_.conditions, after_.conditions, api::kRestartIncomplete);
    if (now != nullptr) add(EventType::warning, now->reason, "Restart", now->message);
  }

  void retired() {
    const bool ended = before_.previous && !after_.previous && after_.credential && before_.credential &&
                       after_.credential->revision == before_.credential->revision;
    if (!ended) return;
    const Condition* told = newly_true(before_.conditions, after_.conditions, api::kRestartIncomplete);
    if (told != nullptr && told->reason == api::reason::kRolloutTimedOut) return;  // its Event says so
    add(EventType::normal, api::event_reason::kPreviousRetired, "Retire",
        "revision " + std::to_string(before_.previous->revision) + " of the secret of " + client_text() +
            " has ended");
  }

  void refused_token() {
    if (!refuses_token(before_.rotation, after_.rotation)) return;
    add(EventType::warning, api::event_reason::kTokenRefused, "Rotate",
        "the token of the annotation apiclient.dev/rotate is refused: " + after_.rotation.refused_reason);
  }

  void stalled() {
    const Condition* now = newly_true(before_.conditions, after_.conditions, api::kStalled);
    if (now != nullptr) add(EventType::warning, now->reason, "Reconcile", now->message);
  }

  void deletion_blocked() {
    const Condition* now = newly_true(before_.conditions, after_.conditions, api::kDeletionBlocked);
    if (now != nullptr) {
      add(EventType::warning, api::event_reason::kDeletionBlocked, "Delete",
          now->reason + ": " + now->message);
    }
  }

  [[nodiscard]] std::string client_text() const { return "client " + after_.client_id; }

  void add(EventType type, std::string_view reason, std::string_view action, std::string note) {
    const kube::ObjectMeta& meta = client_.meta;
    events_.push_back({.regarding = kube::reference_to(api::kApiClients, meta.key, meta.uid),
                       .type = type,
                       .reason = std::string(reason),
                       .action = std::string(action),
                       .note = std::move(note)});
  }

  const api::ApiClient& client_;
  const ApiClientStatus& before_;
  const ApiClientStatus& after_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> events_between(const api::ApiClient& client, const ApiClientStatus& after) {
  return ClientEvents(client, after).all();
}

std::vector<Event> events_between(const api::ClientRegistry& registry,
                                  const api::ClientRegistryStatus& after) {
  const Condition* then = kube::find_condition(registry.status.conditions, api::kReady);
  const Condition* now = kube::find_condition(after.conditions, api::kReady);
  if (now == nullptr) return {};
  if (then != nullptr && then->status == now->status && then->reason == now->reason) return {};
  const bool well = now->status == ConditionStatus::true_value;
  return {{.regarding = kube::reference_to(api::registry_type(registry.meta.key), registry.meta.key,
                                           registry.meta.uid),
           .type = well ? EventType::normal : EventType::warning,
           .reason = now->reason,
           .action = "Probe",
           .note = now->message}};
}

}  // namespace apiclient::reconciler
