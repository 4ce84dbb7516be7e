#include "kube/token_source.h"

#include <chrono>
#include <fstream>
#include <utility>

#include "base/guarded.h"

namespace apiclient::kube {
namespace {

// The kubelet renews at 80 % of a life of at least ten minutes; client-go uses a minute less ten seconds.
constexpr std::chrono::seconds kFreshFor{50};
constexpr std::size_t kMaxTokenBytes = 64U << 10U;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// RFC 6750 §2.1: what a bearer token consists of is printable and holds no spaces.
bool fits_header(std::string_view token) {
  for (const char letter : token) {
    if (letter <= ' ' || letter > '~') return false;
  }
  return true;
}

Result<Secret> read_token_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxTokenBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto length = static_cast<std::size_t>(file.gcount());
  Secret token(trim(std::string_view(text).substr(0, length)));
  wipe(text);
  // Handled like an absent server: files of a volume come back, and the message says which one to look at.
  if (length == 0 || token.empty())
    return fail(ErrorKind::unavailable, path + ": no token can be read from it");
  if (length == kMaxTokenBytes || !fits_header(token.reveal())) {
    return fail(ErrorKind::unavailable, path + ": does not hold a bearer token");
  }
  return token;
}

class FixedToken final : public TokenSource {
 public:
  explicit FixedToken(Secret token) : token_(std::move(token)) {}
  Result<Secret> token() override { return token_.clone(); }
  /// There is no other token to have.
  void rejected(BootTime /*used_at*/) override {}

 private:
  const Secret token_;
};

class FileToken final : public TokenSource {
 public:
  FileToken(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  Result<Secret> token() override {
    auto cached = cached_.lock();
    const BootTime now = clock_.now();
    if (!cached->token.empty() && now - cached->read_at < kFreshFor) return cached->token.clone();
    auto token = read_token_file(path_);
    if (token) {
      *cached = Cached{std::move(*token), now};
    } else if (cached->token.empty()) {
      return token;
    }
    return cached->token.clone();
  }

  void rejected(BootTime used_at) override {
    auto cached = cached_.lock();
    if (cached->read_at <= used_at) cached->token = Secret();
  }

 private:
  struct Cached {
    Secret token = {};
    BootTime read_at = {};
  };
  const std::string path_;
  const Clock& clock_;
  Guarded<Cached> cached_;
};

}  // namespace

std::unique_ptr<TokenSource> make_fixed_token(Secret token) {
  return std::make_unique<FixedToken>(std::move(token));
}

std::unique_ptr<TokenSource> make_no_token() { return make_fixed_token(Secret()); }

std::unique_ptr<TokenSource> make_file_token(std::string path, const Clock& clock) {
  return std::make_unique<FileToken>(std::move(path), clock);
}

}  // namespace apiclient::kube
