#pragma once
// Observations for the tests of decisions: of an_api_client() at a_registry(), nothing registered, staged or
// published unless said. Gives away what it built: use it once.

#include <memory>
#include <string>

#include "reconciler/observation.h"
#include "support/builders.h"

namespace apiclient::test {

inline const WallTime kNow{std::chrono::seconds(1767323045)};

class ObservationBuilder {
 public:
  explicit ObservationBuilder(const ApiClientBuilder& client = an_api_client().finalized(),
                              const RegistryBuilder& registry = a_registry());
  ObservationBuilder& staged(std::int64_t revision, const std::string& operation);
  /// The client is registered as desired, with secrets of these revisions.
  ObservationBuilder& registered(std::initializer_list<std::int64_t> revisions);
  ObservationBuilder& target(const TargetSecretBuilder& secret,
                             reconciler::TargetOwner owner = reconciler::TargetOwner::us);
  ObservationBuilder& verdict(backend::Verdict verdict);
  ObservationBuilder& with(const std::function<void(reconciler::Observation&)>& change);

  reconciler::Observation take() { return std::move(seen_); }

 private:
  reconciler::Observation seen_;
};

}  // namespace apiclient::test
