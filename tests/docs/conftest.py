"""The docs: links, code blocks, manifests, names. What a page tells to type is typed, in real control planes.

    plane        a control plane with our CRDs, for what is only looked at
    playground   what `make up` starts, with ports of its own
"""

import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support", "tests/e2e/support", "tests/chart/support", "tests/docs/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

import controller  # noqa: E402
import registry  # noqa: E402
from controlplane import ControlPlane  # noqa: E402
from documented import environment  # noqa: E402
from ports import free_ports  # noqa: E402
from reader import Reader  # noqa: E402
from stack import OPERATOR, REGISTRY, Stack  # noqa: E402


@pytest.fixture(scope="session")
def plane():
    with ControlPlane.temporary(controller_manager=False) as started:
        started.install()
        yield started


class Playground:
    def __init__(self, stack, ports):
        self.stack, self.ports = stack, ports
        self.plane = stack.plane

    def reader(self, page, directory, before=""):
        return Reader(page, directory, environment(self.plane), self.ports, before)


@pytest.fixture(scope="session")
def playground(tmp_path_factory):
    programs = {OPERATOR: controller.PROGRAM, REGISTRY: registry.PROGRAM}
    stack = Stack(tmp_path_factory.mktemp("playground"), die_with_us=True, programs=programs)
    ports = free_ports(2)
    stack.start(*ports)
    yield Playground(stack, ports)
    stack.stop()
