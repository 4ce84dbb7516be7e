"""The operator's rights, as the chart gives them, and a control plane in which one of them is missing."""

import contextlib
from dataclasses import dataclass

import yaml
from audit import OPERATOR
from controlplane import OPERATOR_NAMESPACE
from kubeapi import path
from processes import wait_until
from repository import REPOSITORY

RBAC = "rbac.authorization.k8s.io/v1"
_FILES = [REPOSITORY / "charts" / "apiclient-operator" / "files" / name
          for name in ("rbac.yaml", "rbac-restart-targets.yaml", "rbac-embedded-registry.yaml")]


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one kind of resource; `resource` may have a subresource behind a slash."""

    group: str
    resource: str
    verb: str

    @property
    def kind(self):
        """As kubectl names it: leases.coordination.k8s.io."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def __str__(self):
        return f"{self.kind} {self.verb}"

    def is_of(self, request):
        """Whether this Request of the audit log asks for it."""
        subresource = f"/{request.subresource}" if request.subresource else ""
        return request.verb == self.verb and request.resource + subresource == self.resource


def roles():
    """The manifests of the operator's roles."""
    return [one for file in _FILES for one in yaml.safe_load_all(file.read_text())]


def rights_of(rules):
    return [Right(group, resource, verb) for rule in rules for group in rule["apiGroups"]
            for resource in rule["resources"] for verb in rule["verbs"]]


def all_rights():
    return [right for role in roles() for right in rights_of(role["rules"])]


@contextlib.contextmanager
def without(api, right):
    """Within the block the operator lacks it, and nothing else."""
    changed = [role for role in roles() if right in rights_of(role["rules"])]
    try:
        for role in changed:
            _write(api, role, [_rule(one) for one in rights_of(role["rules"]) if one != right])
        wait_until(lambda: not _may(api, right), 10, f"the operator may not {right}", interval=0.01)
        yield
    finally:
        for role in changed:
            _write(api, role, role["rules"])
        wait_until(lambda: _may(api, right), 10, f"the operator may {right}", interval=0.01)


def _rule(right):
    return {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}


def _write(api, role, rules):
    where = path(RBAC, f"{role['kind'].lower()}s", role["metadata"].get("namespace"), role["metadata"]["name"])
    answer = api.apply(where, {**role, "rules": rules}, "apiclient-testbed")  # as they were installed
    assert answer.ok, answer.message


def _may(api, right):
    resource, _, subresource = right.resource.partition("/")
    asked = {"group": right.group, "resource": resource, "subresource": subresource, "verb": right.verb,
             "namespace": OPERATOR_NAMESPACE}
    answer = api.post(path("authorization.k8s.io/v1", "subjectaccessreviews"),
                      {"spec": {"user": OPERATOR, "resourceAttributes": asked}})
    assert answer.ok, answer.message
    return answer.body["status"]["allowed"]
