#include "kube/lease.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "kube/object_meta.h"
#include "kube/resource_type.h"

namespace apiclient::kube {
namespace {

/// The fields are int32 in coordination.k8s.io/v1.
int read_int32(const json::Reader& spec, json::Problems& problems, std::string_view member, int missing) {
  const std::int64_t value = spec.optional_integer(member).value_or(missing);
  if (value >= 0 && value <= std::numeric_limits<std::int32_t>::max()) return static_cast<int>(value);
  problems.add(std::string("spec.").append(member), "must be a 32-bit number that is not negative");
  return missing;
}

void set_time(Json& spec, const char* member, WallTime time) {
  if (time != WallTime{}) spec[member] = format_rfc3339_micro(time);
}

}  // namespace

Result<Lease> read_lease(const Json& object) {
  json::Problems problems;
  const json::Reader reader(object, problems);
  const json::Reader spec = reader.object("spec");
  ObjectMeta meta = read_object_meta(reader);
  Lease lease;
  const auto default_seconds = static_cast<int>(lease.lease_duration.count());
  lease.key = std::move(meta.key);
  lease.uid = std::move(meta.uid);
  lease.resource_version = std::move(meta.resource_version);
  lease.holder_identity = spec.optional_text("holderIdentity").value_or("");
  lease.lease_duration =
      std::chrono::seconds(read_int32(spec, problems, "leaseDurationSeconds", default_seconds));
  lease.acquire_time = spec.optional_time("acquireTime").value_or(WallTime{});
  lease.renew_time = spec.optional_time("renewTime").value_or(WallTime{});
  lease.lease_transitions = read_int32(spec, problems, "leaseTransitions", 0);
  if (auto result = problems.result("read Lease"); !result) {
    return fail(ErrorKind::protocol, std::move(result).error().message);
  }
  return lease;
}

Json write_lease(const Lease& lease) {
  Json metadata = {{"namespace", lease.key.namespace_name}, {"name", lease.key.name}};
  if (!lease.uid.empty()) metadata["uid"] = lease.uid;
  if (!lease.resource_version.empty()) metadata["resourceVersion"] = lease.resource_version;
  Json spec = {{"holderIdentity", lease.holder_identity},
               {"leaseDurationSeconds", lease.lease_duration.count()},
               {"leaseTransitions", lease.lease_transitions}};
  set_time(spec, "acquireTime", lease.acquire_time);
  set_time(spec, "renewTime", lease.renew_time);
  return {{"apiVersion", kLeases.api_version()},
          {"kind", kLeases.kind},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

}  // namespace apiclient::kube
