#include "reconciler/adoption.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "api/names.h"
#include "base/encoding.h"

namespace apiclient::reconciler {
namespace {

namespace reason = api::reason;
using backend::Verdict;

constexpr std::string_view kSecretField = "spec.adopt.secretRef: ";

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

Refusal stall(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message), .stalled = true};
}

Refusal wait(std::string_view why, std::string message) {
  return {.reason = std::string(why), .message = std::move(message)};
}

/// A staged secret is one that was begun without a shown one: it is gone on with.
bool shows_secret(const Observation& seen) {
  return adopts(seen) && !seen.client.spec.adopt->secret_name.empty() && seen.desired.settings.has_secret() &&
         !seen.staged;
}

enum class Permission { none, with_secret, full };

Permission permission_of(const Observation& seen) {
  Permission found = Permission::none;
  for (const api::AllowedAdoption& rule : seen.registry->spec.allow_adoption) {
    const bool covers = lists(rule.namespaces, seen.client.meta.key.namespace_name) &&
                        lists(rule.client_ids, seen.client.spec.adopt->client_id);
    if (covers) found = std::max(found, rule.without_secret ? Permission::full : Permission::with_secret);
  }
  return found;
}

bool is_permitted(const Observation& seen) {
  return permission_of(seen) >= (shows_secret(seen) ? Permission::with_secret : Permission::full);
}

Refusal not_allowed(const Observation& seen) {
  const std::string& id = seen.client.spec.adopt->client_id;
  const std::string& registry = seen.registry->name;
  if (permission_of(seen) == Permission::none) {
    return stall(reason::kAdoptionNotAllowed,
                 "spec.adopt.clientId: registry " + registry + " does not allow namespace " +
                     seen.client.meta.key.namespace_name + " to take over client " + id +
                     "; have both added to spec.allowAdoption there");
  }
  return stall(reason::kAdoptionNotAllowed,
               std::string(kSecretField) + "registry " + registry + " allows to take over client " + id +
                   " only with its present secret; set the field, or have withoutSecret: true added to "
                   "spec.allowAdoption there");
}

std::int64_t newest_revision(const Observation& seen) {
  const auto& all = seen.registered->credentials;
  return all.empty() ? 1 : all.back().revision;
}

Refusal rejected(const Observation& seen) {
  return stall(reason::kCredentialRejected,
               std::string(kSecretField) + "registry " + seen.registry->name +
                   " refuses this secret, or client " + seen.desired.settings.client_id +
                   " is disabled there; put the client's present secret into Secret " +
                   seen.client.spec.adopt->secret_name +
                   " and set the annotation apiclient.dev/reconcile to a new value");
}

Refusal outdated(const Observation& seen) {
  return stall(reason::kCredentialRejected,
               std::string(kSecretField) + "this secret is right, but registry " + seen.registry->name +
                   " does not say that it is the newest one of client " + seen.desired.settings.client_id +
                   "; show the newest one, or remove the newer ones there, and set the annotation "
                   "apiclient.dev/reconcile to a new value");
}

/// Empty when missing, empty or not base64.
Secret read_value(const json::Reader& data, const std::string& key) {
  auto bytes = base64_decode(data.optional_text(key).value_or(""));
  if (!bytes) return {};
  // A value written by an editor or by `echo` ends with a line break, which is never part of it.
  while (bytes->ends_with('\n') || bytes->ends_with('\r')) bytes->pop_back();
  Secret value(*bytes);
  wipe(*bytes);
  return value;
}

std::optional<Refusal> check_shown_secret(const Observation& seen) {
  if (seen.shown && !seen.shown->problem.empty()) {
    return wait(reason::kAdoptedSecretNotUsable, seen.shown->problem);
  }
  if (!seen.shown || seen.shown->verdict == Verdict::unknown) {
    return wait(reason::kVerificationPending,
                std::string(kSecretField) +
                    "the client is not taken over before the token endpoint of registry " +
                    seen.registry->name + " has accepted its secret; it does not answer");
  }
  if (seen.shown->verdict == Verdict::rejected) return rejected(seen);
  // A newer secret would make the published one an old one, which is replaced.
  if (shown_revision(seen) < newest_revision(seen)) return outdated(seen);
  return std::nullopt;
}

}  // namespace

bool adopts(const Observation& seen) { return seen.client.spec.adopt && seen.first_issuance(); }

bool needs_shown_secret(const Observation& seen) {
  if (!shows_secret(seen)) return false;
  const ClientOwner owner = seen.client_owner();
  return owner == ClientOwner::us || (owner == ClientOwner::unmarked && is_permitted(seen));
}

ShownSecret read_shown_secret(const std::optional<Json>& object, const api::AdoptSpec& adopt) {
  const std::string title = std::string(kSecretField) + "Secret " + adopt.secret_name;
  if (!object) return {.problem = title + " does not exist; create it"};
  json::Problems problems;
  const json::Reader reader(*object, problems);
  if (kube::read_object_meta(reader).label(api::kUsableByLabel) != api::kUsableByAdopt) {
    return {.problem = title +
                       " lacks the label apiclient.dev/usable-by: adopt, so the operator may not use it; add "
                       "the label"};
  }
  ShownSecret shown{.value = read_value(reader.object("data"), adopt.secret_key)};
  if (shown.value.empty()) {
    shown.problem = title + " has no value under the key " + adopt.secret_key + "; add it";
  }
  return shown;
}

std::optional<Refusal> check_adoption(const Observation& seen) {
  if (!adopts(seen)) return std::nullopt;
  const ClientOwner owner = seen.client_owner();
  if (owner != ClientOwner::us && !is_permitted(seen)) return not_allowed(seen);
  if (owner == ClientOwner::nobody) {
    return wait(reason::kAdoptedClientNotFound,
                "spec.adopt.clientId: registry " + seen.registry->name + " has no client " +
                    seen.client.spec.adopt->client_id +
                    "; set the id of one that is there, or leave spec.adopt out to have a client made");
  }
  const bool ours_to_take = owner == ClientOwner::us || owner == ClientOwner::unmarked;
  return ours_to_take && shows_secret(seen) ? check_shown_secret(seen) : std::nullopt;
}

bool publishes_shown_secret(const Observation& seen) {
  return shows_secret(seen) && seen.registered && seen.shown && seen.shown->verdict == Verdict::accepted;
}

std::int64_t shown_revision(const Observation& seen) {
  const auto& all = seen.registered->credentials;
  if (all.size() < 2) return newest_revision(seen);
  const std::string hint = hint_of(seen.shown->value);
  std::int64_t revision = 0;
  for (const backend::Credential& one : all) {
    if (!hint.empty() && one.hint == hint) revision = one.revision;
  }
  return revision;
}

}  // namespace apiclient::reconciler
