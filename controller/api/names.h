#pragma once
// Every name that appears in the cluster: annotations, labels, finalizers, field managers. Constants only.

#include <string_view>

#include "kube/resource_type.h"

namespace apiclient::api {

inline constexpr std::string_view kGroup = "apiclient.dev";
inline constexpr std::string_view kVersion = "v1alpha1";

extern const kube::ResourceType kApiClients;
extern const kube::ResourceType kClusterClientRegistries;
extern const kube::ResourceType kClientRegistries;

inline constexpr std::string_view kCleanupFinalizer = "apiclient.dev/registry-cleanup";
inline constexpr std::string_view kInUseFinalizer = "apiclient.dev/in-use";

/// Set by people on an ApiClient.
inline constexpr std::string_view kRotateAnnotation = "apiclient.dev/rotate";
inline constexpr std::string_view kRevokePreviousAnnotation = "apiclient.dev/revoke-previous";
inline constexpr std::string_view kPausedAnnotation = "apiclient.dev/paused";
inline constexpr std::string_view kReconcileAnnotation = "apiclient.dev/reconcile";
inline constexpr std::string_view kAbandonAnnotation = "apiclient.dev/abandon";
/// Set by people on a registry.
inline constexpr std::string_view kDefaultRegistryAnnotation = "apiclient.dev/is-default-registry";
inline constexpr std::string_view kAcceptStateLossAnnotation = "apiclient.dev/accept-state-loss";
/// Set by people on a Secret that the operator may read.
inline constexpr std::string_view kUsableByLabel = "apiclient.dev/usable-by";
inline constexpr std::string_view kUsableByRegistry = "registry";
inline constexpr std::string_view kUsableByAdopt = "adopt";

/// Set by the operator on a Secret it owns.
inline constexpr std::string_view kOwnerUidAnnotation = "apiclient.dev/owner-uid";
inline constexpr std::string_view kOwnerNamespaceAnnotation = "apiclient.dev/owner-namespace";
inline constexpr std::string_view kInstallationAnnotation = "apiclient.dev/installation-id";
inline constexpr std::string_view kRegistryAnnotation = "apiclient.dev/registry";
inline constexpr std::string_view kRevisionAnnotation = "apiclient.dev/revision";
inline constexpr std::string_view kOperationAnnotation = "apiclient.dev/operation-id";
inline constexpr std::string_view kCredentialAnnotation = "apiclient.dev/credential-id";
inline constexpr std::string_view kIssuerAnnotation = "apiclient.dev/issuer";
inline constexpr std::string_view kHandledRotateAnnotation = "apiclient.dev/handled-rotate";
inline constexpr std::string_view kHandledRevokeAnnotation = "apiclient.dev/handled-revoke";
inline constexpr std::string_view kNextRotationAnnotation = "apiclient.dev/next-rotation";
inline constexpr std::string_view kRetireAtAnnotation = "apiclient.dev/retire-at";
/// Behind "<ApiClient>.", on the pod template of a restart target.
inline constexpr std::string_view kCredentialRevisionAnnotation = "apiclient.dev/credential-revision";
/// On the ConfigMap that describes a registry to be created: the name of the one that was.
inline constexpr std::string_view kRegistryCreatedAnnotation = "apiclient.dev/registry-created";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "apiclient-operator";
inline constexpr std::string_view kNameLabel = "apiclient.dev/name";
inline constexpr std::string_view kStagedLabel = "apiclient.dev/staged";
/// On the Secret with a registration access token, which has its owner's uid and the installation as labels
/// too.
inline constexpr std::string_view kRegistrationLabel = "apiclient.dev/registration";

inline constexpr std::string_view kFieldManager = "apiclient-operator";
inline constexpr std::string_view kStatusFieldManager = "apiclient-operator-status";

}  // namespace apiclient::api
