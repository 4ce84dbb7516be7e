#include "reconciler/registration_answers.h"

#include <utility>

namespace apiclient::reconciler {

FencedOutcome RegistrationAnswers::outcome(const std::string& uid, const std::string& operation_id) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(uid);
  if (found == entries->end() || found->second.operation_id != operation_id) return FencedOutcome::unknown;
  return found->second.answer ? FencedOutcome::answered : FencedOutcome::not_done;
}

void RegistrationAnswers::keep(const std::string& uid, const std::string& operation_id,
                               backend::Registration answer) {
  (*entries_.lock())[uid] = {.operation_id = operation_id, .answer = std::move(answer)};
}

void RegistrationAnswers::note_not_done(const std::string& uid, const std::string& operation_id) {
  (*entries_.lock())[uid] = {.operation_id = operation_id};
}

std::optional<backend::Registration> RegistrationAnswers::take(const std::string& uid,
                                                               const std::string& operation_id) {
  auto entries = entries_.lock();
  const auto found = entries->find(uid);
  if (found == entries->end() || found->second.operation_id != operation_id) return std::nullopt;
  auto answer = std::exchange(found->second.answer, std::nullopt);
  entries->erase(found);
  return answer;
}

std::string RegistrationAnswers::client_id(const std::string& uid) const {
  const auto entries = entries_.lock();
  const auto found = entries->find(uid);
  const bool kept = found != entries->end() && found->second.answer;
  return kept ? found->second.answer->client.settings.client_id : "";
}

void RegistrationAnswers::forget(const std::string& uid) { entries_.lock()->erase(uid); }

}  // namespace apiclient::reconciler
