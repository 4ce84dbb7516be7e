#include "base/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "base/encoding.h"

namespace apiclient {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  return hex_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace apiclient
