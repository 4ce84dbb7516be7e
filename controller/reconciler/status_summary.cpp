#include "reconciler/status_summary.h"

#include "api/conditions.h"
#include "api/names.h"
#include "base/overloaded.h"
#include "base/rfc3339.h"

namespace apiclient::reconciler {
namespace {

using kube::ConditionStatus;
namespace reason = api::reason;

/// Sets conditions of one status with the same generation and time.
class Conditions {
 public:
  Conditions(api::ApiClientStatus& status, std::int64_t generation, WallTime now)
      : status_(status), generation_(generation), now_(now) {
    status_.observed_generation = generation;
  }

  void set(std::string_view type, ConditionStatus value, std::string_view why, std::string_view message) {
    kube::set_condition(status_.conditions,
                        {.type = std::string(type),
                         .status = value,
                         .reason = std::string(why),
                         .message = std::string(message),
                         .observed_generation = generation_},
                        now_);
  }
  void remove(std::string_view type) { kube::remove_condition(status_.conditions, type); }

 private:
  api::ApiClientStatus& status_;
  std::int64_t generation_;
  WallTime now_;
};

void forget_failure(api::ApiClientStatus& status) {
  status.failure_count = 0;
  status.failure_time.reset();
}

void set_overlap(const Succeeded& done, Conditions& conditions) {
  const auto& previous = done.previous;
  if (!previous || !previous->retire_at) return conditions.remove(api::kPreviousSecretActive);
  const std::string revision = "revision " + std::to_string(previous->revision);
  if (done.clock_is_wrong) {
    conditions.set(api::kPreviousSecretActive, ConditionStatus::true_value, reason::kClockSkew,
                   revision +
                       " works on: the clock of the operator is not that of the API server, or was set "
                       "back, so nothing ends by time. Mend the clock, or use the annotation "
                       "apiclient.dev/revoke-previous");
  } else if (done.rolling_out) {
    conditions.set(api::kPreviousSecretActive, ConditionStatus::true_value, reason::kRollingOut,
                   revision + " works until its consumers are rolled out, at most until " +
                       format_rfc3339(done.rolling_out->until));
  } else {
    conditions.set(api::kPreviousSecretActive, ConditionStatus::true_value, reason::kOverlap,
                   revision + " works until " + format_rfc3339(*previous->retire_at));
  }
}

void set_rolling_out(const Succeeded& done, Conditions& conditions) {
  std::string message = "the older secret waits for the roll-out of " +
                        join_names(done.rolling_out->consumers) + ", at most until " +
                        format_rfc3339(done.rolling_out->until);
  if (done.waiting)
    message += "; token " + done.waiting->token + " waits for that, with the suffix :now it would not";
  conditions.set(api::kRotating, ConditionStatus::true_value, reason::kRollingOut, message);
}

/// What could not be restarted is told until the next rotation, or until the spec changes.
void set_restarts(const api::ApiClient& client, const Succeeded& done, Conditions& conditions) {
  if (done.restarts && !done.restarts->reason.empty()) {
    return conditions.set(api::kRestartIncomplete, ConditionStatus::true_value, done.restarts->reason,
                          done.restarts->message);
  }
  const kube::Condition* told = kube::find_condition(client.status.conditions, api::kRestartIncomplete);
  const bool stands =
      !done.restarts && told != nullptr && told->observed_generation == client.meta.generation;
  if (!stands) conditions.remove(api::kRestartIncomplete);
}

void set_waiting(const std::optional<Waiting>& waiting, Conditions& conditions) {
  if (!waiting) return conditions.remove(api::kRotating);
  const std::string until =
      waiting->until ? "until " + format_rfc3339(*waiting->until) : "until the clock is right again";
  conditions.set(api::kRotating, ConditionStatus::true_value, reason::kWaitingForOverlap,
                 "token " + waiting->token + " waits " + until + "; with the suffix :now it would not");
}

void summarise_stalled(const Refusal& refusal, Conditions& conditions) {
  conditions.set(api::kReady, ConditionStatus::false_value, refusal.reason, refusal.message);
  conditions.set(api::kStalled, ConditionStatus::true_value, refusal.reason, refusal.message);
  conditions.remove(api::kReconciling);
}

std::string altered_text(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields)
    text += (text.empty() ? "; the registry has other values of " : ", ") + field;
  return text;
}

/// A mistake in the schedule is a person's to mend, although all else is as declared.
void set_ready(const Succeeded& done, const std::string& where, Conditions& conditions) {
  if (done.schedule_mistake) return summarise_stalled(*done.schedule_mistake, conditions);
  const std::string published = "credentials in Secret " + done.effective.secret_name;
  conditions.set(api::kReady, ConditionStatus::true_value,
                 done.suspended ? reason::kSuspended : reason::kIssued,
                 where + (done.suspended ? " gets no tokens, as spec.suspended says; " : "; ") + published);
  conditions.remove(api::kReconciling);
  conditions.remove(api::kStalled);
}

void summarise_success(const api::ApiClient& client, const Succeeded& done, Conditions& conditions,
                       api::ApiClientStatus& status) {
  const std::string where = "client " + done.client_id + " at registry " + done.registry.name;
  set_ready(done, where, conditions);
  conditions.set(api::kRegistered, ConditionStatus::true_value, reason::kUpToDate,
                 where + altered_text(done.altered));
  conditions.set(api::kSecretPublished, ConditionStatus::true_value, reason::kPublished,
                 "Secret " + done.effective.secret_name);
  set_overlap(done, conditions);
  done.rolling_out ? set_rolling_out(done, conditions) : set_waiting(done.waiting, conditions);
  set_restarts(client, done, conditions);
  status.client_id = done.client_id;
  status.registry = done.registry;
  status.binding_name = done.effective.secret_name;
  status.effective = done.effective;
  status.credential = done.credential;
  status.previous = done.previous;
  status.rotation = done.rotation;
  const std::string_view reconcile = client.meta.annotation(api::kReconcileAnnotation);
  if (!reconcile.empty()) status.last_handled_reconcile = reconcile;
  forget_failure(status);
}

/// The registry does not answer, but what is published works, and nothing else is asked for.
bool outage_of_working_client(const api::ApiClient& client, const Held& held) {
  const kube::Condition* ready = kube::find_condition(client.status.conditions, api::kReady);
  return held.published_works && !held.degraded &&
         client.status.observed_generation == client.meta.generation && ready != nullptr &&
         ready->status == ConditionStatus::true_value;
}

void summarise_waiting(const api::ApiClient& client, const Held& held, Conditions& conditions) {
  const Refusal& refusal = held.refusal;
  const bool issued = client.status.issued();
  conditions.set(api::kRegistered, issued ? ConditionStatus::unknown : ConditionStatus::false_value,
                 refusal.reason, refusal.message);
  if (outage_of_working_client(client, held)) return;
  const bool works = issued && held.published_works && !held.degraded;
  conditions.set(api::kReady, works ? ConditionStatus::unknown : ConditionStatus::false_value, refusal.reason,
                 refusal.message);
  conditions.set(api::kReconciling, ConditionStatus::true_value, refusal.reason, refusal.message);
  conditions.remove(api::kStalled);
}

void summarise_held(const api::ApiClient& client, const Held& held, Conditions& conditions,
                    api::ApiClientStatus& status, WallTime now) {
  if (held.refusal.stalled) {
    summarise_stalled(held.refusal, conditions);
    status.rotation.next_time.reset();  // nothing happens by itself
  } else {
    summarise_waiting(client, held, conditions);
  }
  if (!client.status.issued()) {
    conditions.set(api::kSecretPublished, ConditionStatus::false_value, held.refusal.reason,
                   "nothing is published yet");
    if (held.refusal.stalled) {
      conditions.set(api::kRegistered, ConditionStatus::false_value, held.refusal.reason,
                     held.refusal.message);
    }
  }
  if (!held.counts_as_failure) return forget_failure(status);
  ++status.failure_count;
  status.failure_time = now;
}

}  // namespace

api::ApiClientStatus summarise(const api::ApiClient& client, const PassOutcome& outcome, WallTime now) {
  api::ApiClientStatus status = client.status;
  Conditions conditions(status, client.meta.generation, now);
  std::visit(overloaded{[&](const Succeeded& done) { summarise_success(client, done, conditions, status); },
                        [&](const Held& held) { summarise_held(client, held, conditions, status, now); },
                        [&](const DeletionHeld& held) {
                          conditions.set(api::kDeletionBlocked, ConditionStatus::true_value, held.reason,
                                         held.message);
                          conditions.set(api::kReady, ConditionStatus::false_value, api::kDeletionBlocked,
                                         held.message);
                          conditions.remove(api::kStalled);
                        }},
             outcome);
  return status;
}

}  // namespace apiclient::reconciler
