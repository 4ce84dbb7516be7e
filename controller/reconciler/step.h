#pragma once
// What a pass can do: each step is one write to the cluster or one call to the registry, and can be cut off
// from the next. Plain values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace apiclient::reconciler {

namespace step {
struct AddFinalizer {};
/// `status.rotation.inProgress`, before the registry is called, where no staged Secret can be the fence: for
/// clients without a secret, and where the server makes it.
struct Fence {
  std::int64_t revision = 1;
  std::string token = {};  ///< as in Stage
};
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
/// The server takes the target Secret as it would be written now; nothing is stored.
struct RehearsePublish {};
/// The staged value becomes the client's only secret.
struct ReplaceCredential {};
/// One more secret of the client, which the server makes; its answer is kept in memory.
struct RotateCredential {};
/// A new client whose id and secret the server makes; its answer is kept in memory.
struct RegisterClient {};
/// Create the staged Secret from the answer.
struct StageAnswer {};
/// A client that another one has taken the place of, or that was never published.
struct RemoveClient {
  std::string client_id;
};
struct Verify {
  /// False: no answer does not hold up what follows, since the published secret works no more.
  bool must_answer = true;
};
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
/// One of spec.restartTargets is rolled out; no write when it carries the published revision.
struct RestartTarget {
  std::size_t position = 0;
};
/// No write when nothing changed.
struct WriteStatus {};
struct DropStaged {};
}  // namespace step

using Step =
    std::variant<step::AddFinalizer, step::Fence, step::Stage, step::CreateClient, step::UpdateClient,
                 step::AdoptClient, step::DisableClient, step::EnableClient, step::RetireOldest,
                 step::AddCredential, step::RehearsePublish, step::ReplaceCredential, step::RotateCredential,
                 step::RegisterClient, step::StageAnswer, step::RemoveClient, step::Verify, step::Publish,
                 step::PublishFormer, step::DeleteFormer, step::RetireOlder, step::RestartTarget,
                 step::WriteStatus, step::DropStaged>;

/// As logs, checkpoints and errors call it.
std::string_view name_of(const Step& step);

}  // namespace apiclient::reconciler
