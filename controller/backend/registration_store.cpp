#include "backend/registration_store.h"

namespace apiclient::backend {

RegistrationRecord RegistrationRecord::clone() const {
  return {.client_id = client_id,
          .mark = mark,
          .credential = credential,
          .management_uri = management_uri,
          .access_token = access_token.clone(),
          .requested = requested,
          .answered = answered,
          .stored_as = stored_as,
          .pending = pending};
}

}  // namespace apiclient::backend
