#include "reconciler/registration_records.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/names.h"
#include "api/registry_id.h"
#include "base/digest.h"
#include "reconciler/registration_secret.h"

namespace apiclient::reconciler {
namespace {

using backend::RegistrationRecord;

constexpr std::size_t kNameDigits = 32;

/// Whoever called the registry must not take it for an answer of the registry.
Failure cluster_failure(Error error, const kube::ObjectKey& key) {
  if (error.kind != ErrorKind::cancelled) error.kind = ErrorKind::conflict;
  error.code = "registration_not_stored";
  return fail(std::move(error).in("Secret " + key.text()));
}

class RecordsOfRegistry final : public backend::RegistrationStore {
 public:
  RecordsOfRegistry(RegistrationRecords& records, std::string registry)
      : records_(records), registry_(std::move(registry)) {}

  [[nodiscard]] std::string name_of(const std::string& client_id) const override {
    return "Secret " + records_.key_of(registry_, client_id).text();
  }
  Result<std::optional<RegistrationRecord>> find(const std::string& client_id,
                                                 std::stop_token stop) override {
    return records_.find(registry_, client_id, std::move(stop));
  }
  Result<void> save(RegistrationRecord record, std::stop_token stop) override {
    return records_.save(registry_, std::move(record), std::move(stop));
  }
  Result<void> flush(const std::string& client_id, std::stop_token stop) override {
    return records_.flush(registry_, client_id, std::move(stop));
  }
  Result<void> remove(const std::string& client_id, std::stop_token stop) override {
    return records_.remove(registry_, client_id, std::move(stop));
  }

 private:
  RegistrationRecords& records_;
  const std::string registry_;
};

}  // namespace

kube::ObjectKey registration_key(const std::string& operator_namespace, const std::string& registry,
                                 const std::string& client_id) {
  // A client id may hold slashes: the kind keeps "a" + "b/c" and "a/b" + "c" apart.
  const std::string kind = api::is_namespaced_registry(registry) ? api::kClientRegistries.kind + "/" : "";
  return {.namespace_name = operator_namespace,
          .name = "registration-" + sha256_hex(kind + registry + "/" + client_id).substr(0, kNameDigits)};
}

RegistrationRecords::RegistrationRecords(kube::Client& client, std::string operator_namespace,
                                         std::string installation_id)
    : client_(client),
      operator_namespace_(std::move(operator_namespace)),
      installation_id_(std::move(installation_id)) {}

std::unique_ptr<backend::RegistrationStore> RegistrationRecords::of(const std::string& registry) {
  return std::make_unique<RecordsOfRegistry>(*this, registry);
}

kube::ObjectKey RegistrationRecords::key_of(const std::string& registry, const std::string& client_id) const {
  return registration_key(operator_namespace_, registry, client_id);
}

Result<std::optional<RegistrationRecord>> RegistrationRecords::find(const std::string& registry,
                                                                    const std::string& client_id,
                                                                    std::stop_token stop) {
  RETURN_IF_ERROR(flush(registry, client_id, stop));
  const kube::ObjectKey key = key_of(registry, client_id);
  auto object = client_.find(kube::kSecrets, key, std::move(stop));
  if (!object) return cluster_failure(std::move(object).error(), key);
  if (!*object) return std::optional<RegistrationRecord>();
  auto record = read_registration(**object);
  if (!record) return cluster_failure(std::move(record).error(), key);
  if (record->client_id != client_id) {
    return cluster_failure({.message = "is about another client"}, key);
  }
  return std::optional(std::move(*record));
}

Result<void> RegistrationRecords::save(const std::string& registry, RegistrationRecord record,
                                       std::stop_token stop) {
  const std::string client_id = record.client_id;
  (*unwritten_.lock())[{registry, client_id}] = std::move(record);
  return flush(registry, client_id, std::move(stop));
}

Result<void> RegistrationRecords::flush(const std::string& registry, const std::string& client_id,
                                        std::stop_token stop) {
  const Id id{registry, client_id};
  RegistrationRecord record;
  {
    const auto unwritten = unwritten_.lock();
    const auto found = unwritten->find(id);
    if (found == unwritten->end()) return {};
    record = found->second.clone();
  }
  auto written = write(id, record, stop);
  if (!written) return cluster_failure(std::move(written).error(), key_of(registry, client_id));
  unwritten_.lock()->erase(id);
  return {};
}

Result<void> RegistrationRecords::write(const Id& id, const RegistrationRecord& record,
                                        const std::stop_token& stop) {
  const kube::ObjectKey key = key_of(id.first, id.second);
  ASSIGN_OR_RETURN(Json object, write_registration(record, key, id.first, installation_id_));
  ASSIGN_OR_RETURN(const std::optional<kube::ObjectMeta> present, find_meta(key, stop));
  if (!present) {
    RETURN_IF_ERROR(client_.create(kube::kSecrets, object, api::kFieldManager, stop));
    return {};
  }
  object["metadata"]["uid"] = present->uid;
  object["metadata"]["resourceVersion"] = present->resource_version;
  RETURN_IF_ERROR(client_.replace(kube::kSecrets, object, api::kFieldManager, stop));
  return {};
}

Result<std::optional<kube::ObjectMeta>> RegistrationRecords::find_meta(const kube::ObjectKey& key,
                                                                       const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::optional<Json> object, client_.find(kube::kSecrets, key, stop));
  if (!object) return std::optional<kube::ObjectMeta>();
  ASSIGN_OR_RETURN(kube::ObjectMeta meta, kube::read_object_meta(*object));
  if (meta.label(api::kRegistrationLabel).empty()) {
    return fail(ErrorKind::conflict, "is somebody else's; delete it");
  }
  return std::optional(std::move(meta));
}

Result<void> RegistrationRecords::remove(const std::string& registry, const std::string& client_id,
                                         std::stop_token stop) {
  unwritten_.lock()->erase({registry, client_id});
  const kube::ObjectKey key = key_of(registry, client_id);
  auto present = find_meta(key, stop);
  if (!present) return cluster_failure(std::move(present).error(), key);
  if (!*present) return {};
  auto removed = client_.remove(kube::kSecrets, key, {.uid = (*present)->uid}, std::move(stop));
  if (!removed) return cluster_failure(std::move(removed).error(), key);
  return {};
}

Result<std::vector<RecordedClient>> RegistrationRecords::list(const std::string& registry,
                                                              const std::string& owner_uid,
                                                              std::stop_token stop) {
  std::vector<RecordedClient> found;
  const auto note = [&](Json&& object) -> Result<void> {
    ASSIGN_OR_RETURN(const RegistrationRecord record, read_registration(object));
    const kube::ObjectKey key = key_of(registry, record.client_id);
    ASSIGN_OR_RETURN(const kube::ObjectMeta meta, kube::read_object_meta(object));
    // Named after the registry: that of another one has another name.
    if (meta.key == key) found.push_back({.client_id = record.client_id, .revision = record.mark.revision});
    return {};
  };
  const std::string selector = std::string(api::kRegistrationLabel) + "=true," +
                               std::string(api::kOwnerUidAnnotation) + "=" + owner_uid;
  auto listed = client_.list(
      kube::kSecrets,
      {.namespace_name = operator_namespace_, .label_selector = selector, .resource_version = ""}, note,
      std::move(stop));
  if (!listed) return cluster_failure(std::move(listed).error(), {.namespace_name = operator_namespace_});
  std::ranges::sort(found, {}, &RecordedClient::revision);
  return found;
}

}  // namespace apiclient::reconciler
