#include "base/secret.h"

namespace apiclient {

std::string hint_of(const Secret& secret) {
  if (secret.size() < 32) return {};
  return std::string(secret.reveal().substr(secret.size() - 4));
}

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace apiclient
