#pragma once
// The finalizer apiclient.dev/in-use of a registry: it is there while ApiClients use the registry, so that a
// registry does not go before its clients are removed from it. Pure.

#include <cstddef>

#include "api/client_registry.h"
#include "base/clock.h"

namespace apiclient::reconciler {

enum class FinalizerChange { none, add, remove };

/// `users`: ApiClients that are registered there.
FinalizerChange finalizer_change(const api::ClientRegistry& registry, std::size_t users);

/// Sets or removes DeletionBlocked.
void note_deletion(const api::ClientRegistry& registry, std::size_t users, WallTime now,
                   api::ClientRegistryStatus& status);

}  // namespace apiclient::reconciler
