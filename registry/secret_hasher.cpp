#include "registry/secret_hasher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace apiclient::registry {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string SecretHasher::hash(std::string_view client_id, std::string_view value) const {
  std::vector<char, ZeroizingAllocator<char>> message(client_id.begin(), client_id.end());
  message.push_back('\0');
  message.insert(message.end(), value.begin(), value.end());

  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  const auto key = key_.reveal();
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of({message.data(), message.size()}),
           message.size(), digest.data(), &length) == nullptr)
    throw std::runtime_error("HMAC-SHA-256 is not available");
  return {reinterpret_cast<const char*>(digest.data()), length};
}

bool equal_hashes(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace apiclient::registry
