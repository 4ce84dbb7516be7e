#pragma once
// A store on a real database file, with a clock that the test moves, and its outcomes as one word each:
// "done", "replayed", or the code of the problem.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "registry/client_store.h"
#include "support/fake_clock.h"
#include "unit/registry/temporary_folder.h"

namespace apiclient::registry::test {

/// 43 characters that differ by `letter`.
inline Secret value_of(char letter) { return Secret(std::string(43, letter)); }

inline ClientMetadata a_machine(const std::string& client_id, const std::string& name = "A machine") {
  ClientMetadata metadata;
  metadata.client_id = client_id;
  metadata.client_name = name;
  metadata.grant_types = {"client_credentials"};
  return metadata;
}

inline ClientMetadata a_public_client(const std::string& client_id) {
  ClientMetadata metadata;
  metadata.client_id = client_id;
  metadata.client_name = "A browser app";
  metadata.type = ClientType::public_client;
  metadata.grant_types = {"authorization_code"};
  metadata.redirect_uris = {"https://app.example.com/callback"};
  metadata.token_endpoint_auth_method = AuthMethod::none;
  return metadata;
}

inline OwnershipMark a_mark(std::int64_t revision, const std::string& uid = "uid-1",
                            const std::string& installation = "installation-1") {
  return {.installation_id = installation,
          .object_namespace = "team-a",
          .object_name = "invoices",
          .uid = uid,
          .revision = revision};
}

inline NewSecret a_secret(const std::string& operation_id, std::int64_t revision, char letter) {
  return {.operation_id = operation_id, .revision = revision, .value = value_of(letter)};
}

inline NewSecret a_generated_secret(const std::string& operation_id, std::int64_t revision, char letter) {
  return {.operation_id = operation_id, .revision = revision, .value = value_of(letter), .generated = true};
}

struct StoreWorld {
  TemporaryFolder folder;
  apiclient::test::FakeClock clock;
  SecretHasher hasher{value_of('k')};
  std::unique_ptr<Database> database = Database::open(folder.file("registry.db")).value();
  ClientStore store{*database, hasher, clock, {}};

  /// A machine with one secret and a mark of the secret's revision.
  std::string create(const std::string& client_id, const std::string& operation_id, std::int64_t revision,
                     char letter, const std::string& uid = "uid-1") {
    NewClient request{.metadata = a_machine(client_id),
                      .mark = a_mark(revision, uid),
                      .secret = a_secret(operation_id, revision, letter),
                      .operation_id = operation_id};
    return word_of(store.create(request));
  }
  std::string create_public(const std::string& client_id, const std::string& operation_id) {
    return word_of(store.create({.metadata = a_public_client(client_id),
                                 .mark = a_mark(1),
                                 .secret = {},
                                 .operation_id = operation_id}));
  }
  std::string add(const std::string& client_id, const std::string& operation_id, std::int64_t revision,
                  char letter, const Preconditions& preconditions = {}) {
    return word_of(store.add_secret(client_id, a_secret(operation_id, revision, letter), preconditions));
  }
  std::string put(const std::string& client_id, const std::string& operation_id, std::int64_t revision,
                  char letter, const Preconditions& preconditions = {}) {
    return word_of(
        store.add_secret(client_id, a_secret(operation_id, revision, letter), preconditions, Others::end));
  }
  std::string replace(const ClientMetadata& metadata, const std::optional<OwnershipMark>& mark,
                      const Preconditions& preconditions = {}) {
    return word_of(store.replace(metadata, mark, preconditions));
  }
  std::string disable(const std::string& client_id, const Preconditions& preconditions = {}) {
    return word_of(store.set_disabled(client_id, true, preconditions));
  }
  std::string enable(const std::string& client_id, const Preconditions& preconditions = {}) {
    return word_of(store.set_disabled(client_id, false, preconditions));
  }
  std::string remove(const std::string& client_id, const std::optional<std::string>& uid = std::nullopt) {
    return word_of(store.remove(client_id, uid));
  }
  std::string remove_secret(const std::string& client_id, std::size_t index,
                            const Preconditions& preconditions = {}) {
    return word_of(store.remove_secret(client_id, get(client_id).secrets.at(index).id, preconditions));
  }
  /// Must exist.
  ClientRecord get(const std::string& client_id) { return store.find(client_id).value().value(); }

  template <typename T>
  static std::string word_of(const Result<Written<T>>& result) {
    if (!result) return result.error().code;
    return result->replayed ? "replayed" : "done";
  }
  template <typename T>
  static std::string word_of(const Result<T>& result) {
    return result ? "done" : result.error().code;
  }
};

}  // namespace apiclient::registry::test
