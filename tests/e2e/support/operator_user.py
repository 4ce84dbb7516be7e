"""Whom the operator may be: any user or account that has its roles."""

from certificates import CertificateAuthority
from controlplane import OPERATOR_NAMESPACE
from fault_proxy import FaultProxy, Tls
from kubeapi import path

RBAC = "rbac.authorization.k8s.io"
RESTART_ROLE = "apiclient-operator-restart-targets"
REGISTRY_ROLE = "apiclient-operator-embedded-registry"

_KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: proxied
contexts:
- name: proxied
  context: {{cluster: proxied, user: "{user}", namespace: {namespace}}}
clusters:
- name: proxied
  cluster: {{server: "{server}", certificate-authority: "{authority}"}}
users:
- name: "{user}"
  user: {{token: "{token}"}}
"""


def bind_operator_roles(api, name, subject):
    for kind, plural, namespace in (("ClusterRole", "clusterrolebindings", None),
                                    ("Role", "rolebindings", OPERATOR_NAMESPACE)):
        answer = api.post(path(f"{RBAC}/v1", plural, namespace), {
            "metadata": {"name": name}, "subjects": [subject],
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": "apiclient-operator"}})
        assert answer.ok, answer.message


def bind_restart_role(api, users):
    """The opt-in role for restartTargets."""
    bind_role(api, RESTART_ROLE, users)


def unbind_restart_role(api):
    unbind_role(api, RESTART_ROLE)


def bind_role(api, role, users):
    answer = api.post(path(f"{RBAC}/v1", "clusterrolebindings"), {
        "metadata": {"name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user} for user in users],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}})
    assert answer.ok, answer.message


def unbind_role(api, role):
    api.delete(path(f"{RBAC}/v1", "clusterrolebindings", name=role))


def api_proxy(plane):
    """A FaultProxy before the API server of this control plane. Who comes by it needs a token."""
    authority = CertificateAuthority(plane.directory / "certificates")
    certificate, key = authority.server("fault-proxy")
    return FaultProxy(int(plane.url.rpartition(":")[2]), tls=Tls(certificate, key, authority.certificate("ca")))


def service_account(plane, api, name, server):
    """A service account with the operator's roles. Writes NAME.kubeconfig, which holds its token and leads to `server`;
    returns its user name, as the audit log has it."""
    accounts = path("v1", "serviceaccounts", OPERATOR_NAMESPACE)
    assert api.post(accounts, {"metadata": {"name": name}}).ok, f"service account {name}"
    bind_operator_roles(api, name, {"kind": "ServiceAccount", "name": name, "namespace": OPERATOR_NAMESPACE})
    answer = api.post(f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 7200}})
    assert answer.ok, answer.message
    file = plane.kubeconfig(name)
    file.touch(mode=0o600)
    authority = CertificateAuthority(plane.directory / "certificates").certificate("ca")
    file.write_text(_KUBECONFIG.format(user=name, namespace=OPERATOR_NAMESPACE, server=server, authority=authority,
                                       token=answer.body["status"]["token"]))
    return f"system:serviceaccount:{OPERATOR_NAMESPACE}:{name}"
