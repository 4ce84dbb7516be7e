#include "registry/client.h"

#include <algorithm>
#include <array>
#include <utility>

namespace apiclient::registry {
namespace {

constexpr std::array<std::pair<ClientType, std::string_view>, 3> kTypes{{
    {ClientType::machine, "machine"},
    {ClientType::web, "web"},
    {ClientType::public_client, "public"},
}};

constexpr std::array<std::pair<AuthMethod, std::string_view>, 4> kAuthMethods{{
    {AuthMethod::client_secret_basic, "client_secret_basic"},
    {AuthMethod::client_secret_post, "client_secret_post"},
    {AuthMethod::private_key_jwt, "private_key_jwt"},
    {AuthMethod::none, "none"},
}};

template <typename Table, typename Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [candidate, name] : table)
    if (candidate == value) return name;
  return {};
}

template <typename Value, std::size_t kSize>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, kSize>& table,
                              std::string_view text) {
  for (const auto& [value, name] : table)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(ClientType type) { return name_of(kTypes, type); }
std::string_view to_string(AuthMethod method) { return name_of(kAuthMethods, method); }
std::optional<ClientType> parse_client_type(std::string_view text) { return value_of(kTypes, text); }
std::optional<AuthMethod> parse_auth_method(std::string_view text) { return value_of(kAuthMethods, text); }

bool ClientMetadata::may_have_secrets() const {
  return type != ClientType::public_client &&
         (token_endpoint_auth_method == AuthMethod::client_secret_basic ||
          token_endpoint_auth_method == AuthMethod::client_secret_post);
}

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

}  // namespace apiclient::registry
