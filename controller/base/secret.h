#pragma once
// Secret: text that must not be printed. Move-only, always on the heap, wiped before its memory is freed.
// There is no formatter and no stream operator, so logging one does not compile. Not thread-safe.
// Limits: JSON values, request bodies and TLS buffers hold copies that nobody can wipe; keep that road short.

#include <openssl/crypto.h>

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace apiclient {

/// Wipes memory before giving it back, also when a container grows.
template <typename T>
struct ZeroizingAllocator {
  using value_type = T;
  ZeroizingAllocator() = default;
  template <typename U>
  explicit ZeroizingAllocator(const ZeroizingAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(const ZeroizingAllocator& /*other*/) const { return true; }
};

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() = default;

  /// The only way to the text; search for it to review where secrets go.
  [[nodiscard]] std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// Copies on purpose, by name.
  [[nodiscard]] Secret clone() const { return Secret(reveal()); }
  /// Constant time for equal lengths.
  bool operator==(const Secret& other) const {
    return size() == other.size() && CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), size()) == 0;
  }

 private:
  std::vector<char, ZeroizingAllocator<char>> bytes_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

/// Last four characters, only of secrets of at least 32 characters; empty otherwise. Safe to show.
std::string hint_of(const Secret& secret);

/// Overwrites a string that held secret material, then empties it.
void wipe(std::string& text);

}  // namespace apiclient
