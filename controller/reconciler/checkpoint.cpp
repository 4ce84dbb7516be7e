#include "reconciler/checkpoint.h"

namespace apiclient::reconciler {

void reach_checkpoint(std::string_view /*point*/, std::string_view /*side*/,
                      const kube::ObjectKey& /*object*/) {}

}  // namespace apiclient::reconciler
