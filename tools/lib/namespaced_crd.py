"""The CRD of ClientRegistry, made from that of ClusterClientRegistry: one schema for both kinds, and their differences.

namespaced(text) replaces text, so that comments and layout stay. Every difference has to be found as often as it says:
where the CRD of the cluster kind has moved on, this fails instead of leaving a difference out.
"""

import re

# (what stands there, what takes its place, how often)
DIFFERENCES = [
    ("# ClusterClientRegistry: a system that issues OAuth 2.0 clients, for use by all namespaces or some.\n"
     "# Written by hand; see the note at the top of apiclient.dev_apiclients.yaml.\n",
     "# ClientRegistry: a system that issues OAuth 2.0 clients, for use by its own namespace.\n"
     "# Made from apiclient.dev_clusterclientregistries.yaml by tools/check-crds --write-crd; do not edit.\n", 1),
    ("name: clusterclientregistries.apiclient.dev", "name: clientregistries.apiclient.dev", 1),
    ("  scope: Cluster\n", "  scope: Namespaced\n", 1),
    ("    kind: ClusterClientRegistry\n    listKind: ClusterClientRegistryList\n    plural: clusterclientregistries\n"
     "    singular: clusterclientregistry\n    shortNames: [ccreg]\n",
     "    kind: ClientRegistry\n    listKind: ClientRegistryList\n    plural: clientregistries\n"
     "    singular: clientregistry\n    shortNames: [creg]\n", 1),
    ("        - name: Default\n"
     "          type: string\n"
     "          description: Whether ApiClients without registryRef use this registry.\n"
     "          jsonPath: .metadata.annotations.apiclient\\.dev/is-default-registry\n", "", 1),
    # ---- what it says about itself
    ("            A ClusterClientRegistry describes a system that issues OAuth 2.0 clients: where it is, how the operator logs in to\n"
     "            it, and what ApiClients may ask of it. With the annotation apiclient.dev/is-default-registry: \"true\" it serves all\n"
     "            ApiClients that name no registry.\n",
     "            A ClientRegistry describes a system that issues OAuth 2.0 clients: where it is, how the operator logs in to it, and\n"
     "            what ApiClients may ask of it. It serves the ApiClients of its own namespace that name it in spec.registryRef, with\n"
     "            kind ClientRegistry. It works only where the operator runs with --allow-namespaced-registries, and reaches only\n"
     "            hosts that its flag --namespaced-registry-hosts lists.\n", 1),
    ("\"kind\": \"ClusterClientRegistry\", \"metadata\": {\"name\": \"default\"},\n",
     "\"kind\": \"ClientRegistry\", \"metadata\": {\"name\": \"team\"},\n", 1),
    ("            Annotations that act: apiclient.dev/is-default-registry (\"true\") and apiclient.dev/accept-state-loss (a token; see\n"
     "            status.acceptedStateLoss).\n",
     "            Annotation that acts: apiclient.dev/accept-state-loss (a token; see status.acceptedStateLoss).\n", 1),
    ("Always \"ClusterClientRegistry\".", "Always \"ClientRegistry\".", 1),
    ("Example: kubectl wait ccreg/default ", "Example: kubectl wait creg/team ", 1),
    # ---- the client ids: two namespaces are told apart by the ownership mark in the registry
    ("Placeholders: {tenant}, {namespace}, {clientId}; the last two are needed. Between two\n",
     "Placeholders: {tenant}, {namespace}, {clientId}; the last one is needed. Between two\n", 1),
    ("                    - rule: self.contains('{clientId}') && self.contains('{namespace}')\n"
     "                      message: >-\n"
     "                        clientIdTemplate: must contain {clientId} and {namespace}, or clients of two namespaces would share an id; use\n"
     "                        for example {namespace}_{clientId}\n",
     "                    - rule: self.contains('{clientId}')\n"
     "                      message: >-\n"
     "                        clientIdTemplate: must contain {clientId}, or all clients would share an id; use for example\n"
     "                        {namespace}_{clientId}\n", 1),
    # ---- Secrets of its own namespace
    ("has none). Secrets are read from the operator's namespace and carry the label apiclient.dev/usable-by: registry;\n",
     "has none). Secrets are read from the registry's own namespace and carry the label apiclient.dev/usable-by: registry;\n", 1),
    ("Name of the Secret in the operator's namespace.", "Name of the Secret in the same namespace.", 6),
]
# Members of the spec that only the cluster kind has.
CLUSTER_ONLY = ["allowedNamespaces"]
_MEMBER_INDENT = " " * 16


def namespaced(text):
    """The CRD of ClientRegistry. Raises ValueError, naming the difference that was not found."""
    for old, new, count in DIFFERENCES:
        if text.count(old) != count:
            raise ValueError(f"found {text.count(old)} times, not {count}: {old.strip().splitlines()[0]}")
        text = text.replace(old, new)
    for member in CLUSTER_ONLY:
        text = _without_member(text, member)
    return text


def _without_member(text, member):
    """A member of the spec and all lines below it that are indented deeper."""
    pattern = re.compile(rf"^{_MEMBER_INDENT}{member}:\n(?:{_MEMBER_INDENT} .*\n|\n)+", re.MULTILINE)
    text, count = pattern.subn("", text)
    if count != 1:
        raise ValueError(f"found {count} times, not 1: the member {member}")
    return text
