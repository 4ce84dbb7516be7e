#include "registry/write_rules.h"

#include <algorithm>

#include "registry/problem.h"
#include "registry/secret_hasher.h"

namespace apiclient::registry {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Entity tags are our version numbers, with or without the quotes that RFC 9110 asks for. A weak tag never
/// matches a strong comparison.
bool etag_matches(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const auto end = std::min(header.find(','), header.size());
    auto tag = trimmed(header.substr(0, end));
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    if (tag == "*" || tag == etag) return true;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return false;
}

}  // namespace

Result<bool> is_replay(const std::optional<OperationRecord>& known, const OperationRequest& request) {
  if (!known) return false;
  if (known->deleted)
    return refuse(Problem::deleted_operation, "operation " + known->operation_id +
                                                  " was carried out; its client or secret was deleted since");
  if (known->client_id != request.client_id)
    return refuse(Problem::operation_conflict,
                  "operation " + known->operation_id + " was used for client " + known->client_id);
  const bool same =
      known->generated && request.generated ? true : equal_hashes(known->value_hash, request.value_hash);
  if (!same)
    return refuse(Problem::operation_conflict,
                  "operation " + known->operation_id + " was used with another value");
  return true;
}

Result<void> check_preconditions(const ClientRecord& client, const Preconditions& preconditions) {
  if (preconditions.owner_uid && (!client.mark || client.mark->uid != *preconditions.owner_uid))
    return refuse(Problem::precondition_failed, "the client's mark has another uid");
  if (preconditions.etag && !etag_matches(*preconditions.etag, std::to_string(client.version)))
    return refuse(Problem::precondition_failed,
                  "the client was changed: its etag is " + std::to_string(client.version));
  return {};
}

Result<void> check_mark_change(const std::optional<OwnershipMark>& stored,
                               const std::optional<OwnershipMark>& requested) {
  if (!stored || !requested) return {};
  if (stored->installation_id != requested->installation_id)
    return refuse(Problem::precondition_failed,
                  "the client belongs to installation " + stored->installation_id);
  if (requested->revision < stored->revision)
    return refuse(Problem::revision_conflict,
                  "the client is at revision " + std::to_string(stored->revision));
  return {};
}

Result<void> check_new_revision(std::int64_t requested, std::int64_t highest_seen) {
  if (requested > highest_seen) return {};
  return refuse(Problem::revision_conflict, "revision " + std::to_string(highest_seen) +
                                                " was seen already: the next one is " +
                                                std::to_string(highest_seen + 1));
}

Result<void> check_return(const std::optional<OwnershipMark>& requested, std::string_view deleted_uid,
                          std::int64_t highest_seen) {
  if (!requested || requested->uid != deleted_uid || requested->revision >= highest_seen) return {};
  return refuse(Problem::revision_conflict,
                "the deleted client of this uid was at revision " + std::to_string(highest_seen));
}

Result<void> check_secret_allowed(const ClientMetadata& client, std::size_t count, std::size_t limit) {
  if (!client.may_have_secrets())
    return refuse(Problem::invalid_request,
                  "secret: a " + std::string(to_string(client.type)) + " client with " +
                      std::string(to_string(client.token_endpoint_auth_method)) + " has no secrets");
  if (count >= limit)
    return refuse(Problem::too_many_secrets,
                  "the client has " + std::to_string(count) + " secrets; delete one first");
  return {};
}

}  // namespace apiclient::registry
