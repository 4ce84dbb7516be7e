#include "unit/reconciler/observation_builder.h"

namespace apiclient::test {

ObservationBuilder::ObservationBuilder(const ApiClientBuilder& client, const RegistryBuilder& registry) {
  seen_.client = client.object();
  seen_.installation_id = kInstallation;
  seen_.registry = registry.shared();
  seen_.desired =
      std::get<reconciler::DesiredClient>(reconciler::desired_client(seen_.client, *seen_.registry));
}

ObservationBuilder& ObservationBuilder::staged(std::int64_t revision, const std::string& operation) {
  seen_.staged = a_staged_credential(revision, operation);
  return *this;
}

ObservationBuilder& ObservationBuilder::registered(std::initializer_list<std::int64_t> revisions) {
  auto client = a_registered_client(seen_.desired.settings);
  for (const std::int64_t revision : revisions) client.secret(revision);
  seen_.registered = client.object();
  return *this;
}

ObservationBuilder& ObservationBuilder::target(const TargetSecretBuilder& secret,
                                               reconciler::TargetOwner owner) {
  seen_.target = secret.object();
  seen_.target_owner = owner;
  return *this;
}

ObservationBuilder& ObservationBuilder::verdict(backend::Verdict verdict) {
  seen_.published_verdict = verdict;
  return *this;
}

ObservationBuilder& ObservationBuilder::with(const std::function<void(reconciler::Observation&)>& change) {
  change(seen_);
  return *this;
}

}  // namespace apiclient::test
