#pragma once
// The decision of a pass: from what was observed to the steps that lead to what is desired. Pure. Every list
// of steps may be cut off after any of them (a crash, a lost reply): the next pass plans from what it then
// observes.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "reconciler/observation.h"
#include "reconciler/rotation_record.h"

namespace apiclient::reconciler {

namespace step {
struct AddFinalizer {};
/// For clients without a secret: `status.rotation.inProgress`, before the registry is called.
struct Fence {};
/// Generate a value and create the staged Secret.
struct Stage {
  std::int64_t revision = 1;
  std::string token = {};  ///< that asks for it; empty: the first one, or a repair
};
enum class ValueFrom { staged, published, none };
struct CreateClient {
  ValueFrom value = ValueFrom::staged;
};
struct UpdateClient {};
/// Our mark on a client that has none, and what is declared.
struct AdoptClient {};
/// The client gets no tokens until it is enabled again; its secrets stay.
struct DisableClient {};
struct EnableClient {};
/// Frees a slot where the registry takes no more secrets.
struct RetireOldest {
  std::string credential_id;
};
/// The staged value becomes one more secret of the client.
struct AddCredential {};
struct Verify {};
/// Write the target Secret; no write when it says all that already.
struct Publish {};
/// The same for a Secret under a former name, with the time when it goes.
struct PublishFormer {
  std::string secret_name;
  WallTime retire_at;
};
struct DeleteFormer {
  std::string secret_name;
};
/// Secrets older than the published one: after their overlap, or right after publish.
struct RetireOlder {
  std::vector<std::string> credential_ids;
};
/// No write when nothing changed.
struct WriteStatus {};
struct DropStaged {};
}  // namespace step

using Step =
    std::variant<step::AddFinalizer, step::Fence, step::Stage, step::CreateClient, step::UpdateClient,
                 step::AdoptClient, step::DisableClient, step::EnableClient, step::RetireOldest,
                 step::AddCredential, step::Verify, step::Publish, step::PublishFormer, step::DeleteFormer,
                 step::RetireOlder, step::WriteStatus, step::DropStaged>;

std::string_view name_of(const Step& step);

struct Plan {
  std::vector<Step> steps = {};
  std::optional<Refusal> stop = {};  ///< then there are no steps
  /// Secrets that work beside the published one, and until when; goes to `status.previous`.
  std::optional<api::PreviousStatus> previous = {};
  RotationRecord tokens = {};
  std::optional<Waiting> waiting = {};
  bool clock_is_wrong = false;              ///< an overlap does not end by time
  std::optional<WallTime> look_again = {};  ///< when the next pass has something to do
};

/// Local time and stored times that differ by more than this are not trusted.
inline constexpr std::chrono::seconds kTolerableSkew{60};

/// How long a superseded secret stays valid when nobody said otherwise.
inline constexpr std::chrono::hours kDefaultOverlap{1};

Plan make_plan(const Observation& seen, WallTime now);

/// 1 + the highest revision that anything remembers.
std::int64_t next_revision(const Observation& seen);

}  // namespace apiclient::reconciler
