"""The chart, rendered and installed by the real helm into a real control plane.

    plane       a control plane without anything of ours
    installed   the chart with its default values, in it; `installed.as_user(name)` is an API for an ordinary user
"""

import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support", "tests/chart/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

from controlplane import ControlPlane  # noqa: E402
from documented import commands, run  # noqa: E402
from kubeapi import KubeApi, path  # noqa: E402


@pytest.fixture(scope="session")
def plane():
    with ControlPlane.temporary() as started:
        yield started


@pytest.fixture(scope="session")
def api(plane):
    return KubeApi.from_kubeconfig(plane.kubeconfig())


class Installed:
    def __init__(self, plane, api):
        self.plane, self.api = plane, api
        self._users = {}

    def as_user(self, name, *roles, namespace="default"):
        """The API as seen by a user who has these ClusterRoles in the namespace."""
        if name not in self._users:
            self._users[name] = KubeApi.from_kubeconfig(self.plane.user(name))
        rbac = "rbac.authorization.k8s.io"
        for role in roles:
            answer = self.api.post(path(f"{rbac}/v1", "rolebindings", namespace), {
                "metadata": {"name": f"{name}-{role}"}, "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": rbac, "kind": "User", "name": name}]})
            assert answer.status in (201, 409), answer.message
        return self._users[name]


@pytest.fixture(scope="session")
def installed(plane, api):
    install, *_ = commands("installation.md", "By Helm")
    run(plane, install)
    return Installed(plane, api)
