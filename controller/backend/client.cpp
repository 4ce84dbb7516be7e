#include "backend/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "json/json.h"

namespace apiclient::backend {
namespace {

void make_set(std::vector<std::string>& texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

}  // namespace

ClientSettings normalised(ClientSettings settings) {
  make_set(settings.grant_types);
  make_set(settings.redirect_uris);
  make_set(settings.post_logout_redirect_uris);
  make_set(settings.allowed_cors_origins);
  make_set(settings.scopes);
  make_set(settings.audiences);
  make_set(settings.contacts);
  // Text that is not JSON stays as it is: whoever sends it finds out.
  if (const auto jwks = json::parse(settings.jwks)) settings.jwks = json::dump(*jwks);
  return settings;
}

}  // namespace apiclient::backend
