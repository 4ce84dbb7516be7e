#include "reconciler/step.h"

#include "base/overloaded.h"

namespace apiclient::reconciler {

std::string_view name_of(const Step& step) {
  return std::visit(overloaded{[](const step::AddFinalizer&) { return "finalizer"; },
                               [](const step::Fence&) { return "fence"; },
                               [](const step::Stage&) { return "stage"; },
                               [](const step::CreateClient&) { return "create"; },
                               [](const step::UpdateClient&) { return "update"; },
                               [](const step::AdoptClient&) { return "adopt"; },
                               [](const step::DisableClient&) { return "disable"; },
                               [](const step::EnableClient&) { return "enable"; },
                               [](const step::RetireOldest&) { return "retire-oldest"; },
                               [](const step::AddCredential&) { return "add-credential"; },
                               [](const step::RehearsePublish&) { return "rehearse"; },
                               [](const step::ReplaceCredential&) { return "replace-credential"; },
                               [](const step::RotateCredential&) { return "rotate-credential"; },
                               [](const step::RegisterClient&) { return "register"; },
                               [](const step::StageAnswer&) { return "stage-answer"; },
                               [](const step::RemoveClient&) { return "remove-client"; },
                               [](const step::Verify&) { return "verify"; },
                               [](const step::Publish&) { return "publish"; },
                               [](const step::PublishFormer&) { return "publish-former"; },
                               [](const step::DeleteFormer&) { return "delete-former"; },
                               [](const step::RetireOlder&) { return "retire"; },
                               [](const step::RestartTarget&) { return "restart"; },
                               [](const step::WriteStatus&) { return "status"; },
                               [](const step::DropStaged&) { return "unstage"; }},
                    step);
}

}  // namespace apiclient::reconciler
