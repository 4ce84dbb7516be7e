#include "base/random.h"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/encoding.h"

namespace apiclient {
namespace {

template <std::size_t size>
std::array<unsigned char, size> random_bytes() {
  std::array<unsigned char, size> bytes{};
  if (RAND_bytes(bytes.data(), size) != 1) std::abort();
  return bytes;
}

}  // namespace

Secret random_secret() {
  auto bytes = random_bytes<32>();
  std::string text = base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  OPENSSL_cleanse(bytes.data(), bytes.size());
  Secret secret(text);
  wipe(text);
  return secret;
}

std::string random_id() {
  const auto bytes = random_bytes<16>();
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

double random_unit() {
  const auto bytes = random_bytes<8>();
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return static_cast<double>(number >> 11U) * 0x1.0p-53;
}

}  // namespace apiclient
