#include "registry/admin_token.h"

#include <utility>

#include "base/random.h"
#include "http/authorization.h"
#include "registry/private_file.h"

namespace apiclient::registry {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMinTokenBytes = 16;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

Result<std::unique_ptr<AdminToken>> AdminToken::load(const std::string& path, bool create_missing,
                                                     telemetry::Log log) {
  ASSIGN_OR_RETURN(const auto file, read_private_file(path));
  if (!file) {
    if (!create_missing)
      return fail(ErrorKind::not_found,
                  "there is no admin token file " + path + " (--create-missing-keys makes one)");
    const auto created = create_private_file(path, random_secret());
    if (!created && created.error().kind != ErrorKind::already_exists) return fail(created.error());
    log.info("created admin token file", {{"path", path}});
  } else if (file->readable_by_others) {
    log.warning("admin token file is open to other users", {{"path", path}});
  }
  ASSIGN_OR_RETURN(State state, read_state(path));
  return std::unique_ptr<AdminToken>(new AdminToken(path, std::move(log), std::move(state)));
}

bool AdminToken::accepts(std::string_view authorization) {
  const Secret presented(http::credentials_of(authorization, "Bearer"));
  auto state = state_.lock();
  refresh(*state);
  return presented == state->token;
}

Result<AdminToken::State> AdminToken::read_state(const std::string& path) {
  // The stamp first: a change in between is then seen as one at the next look.
  const auto stamp = FileStamp::of(path);
  ASSIGN_OR_RETURN(const auto file, read_private_file(path));
  if (!file) return fail(ErrorKind::not_found, "admin token file " + path + " is gone");
  const auto token = trimmed(file->content.reveal());
  if (token.size() < kMinTokenBytes)
    return fail(ErrorKind::invalid,
                "admin token file " + path + ": the token must have at least 16 characters");
  return State{.token = Secret(token), .stamp = stamp, .settled = stamp.is_settled(), .complained = false};
}

void AdminToken::refresh(State& state) {
  if (state.settled && FileStamp::of(path_) == state.stamp) return;
  auto fresh = read_state(path_);
  if (!fresh) {
    if (!std::exchange(state.complained, true))
      log_.error("cannot read admin token file; the last token stays in force",
                 {{"error", fresh.error().message}});
    return;
  }
  if (!(fresh->token == state.token)) log_.info("admin token was replaced", {{"path", path_}});
  state = *std::move(fresh);
}

}  // namespace apiclient::registry
