"""etcd, kube-apiserver, kube-controller-manager and kubectl: where they are, and how they are built.

They are built from the two pinned modules in tools/go. KUBEBUILDER_ASSETS names a directory with other people's
binaries; then nothing is built.
"""

import os
from pathlib import Path

from go_programs import GoPrograms
from processes import Failed

KUBERNETES_VERSION = "1.36.3"
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")

# An unstamped kube-apiserver calls itself v0.0.0 and refuses feature gates.
_PROGRAMS = GoPrograms("controlplane", (
    ("etcd", "-s -w", {"etcd": "go.etcd.io/etcd/server/v3"}),
    ("controlplane",
     f"-s -w -X {_VERSION}.gitVersion=v{KUBERNETES_VERSION} -X {_VERSION}.gitMajor={_MAJOR}"
     f" -X {_VERSION}.gitMinor={_MINOR} -X {_VERSION}.gitTreeState=clean",
     {program: f"k8s.io/kubernetes/cmd/{program}"
      for program in ("kube-apiserver", "kube-controller-manager", "kubectl")}),
))


def directory():
    """Where the binaries are, or will be once `build` has run."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return Path(assets).resolve() if assets else _PROGRAMS.directory()


def find(program):
    """The path of one program; Failed says how to get it."""
    path = directory() / program
    if os.access(path, os.X_OK):
        return path
    if os.environ.get("KUBEBUILDER_ASSETS"):
        hint = " (kube-controller-manager is optional: --no-controller-manager)" if "manager" in program else ""
        raise Failed(f"KUBEBUILDER_ASSETS has no {program}{hint}")
    raise Failed(f"{program} is not built: run tools/controlplane build")


def build(say=print):
    """Builds what is missing. Safe when several run at once: one builds, the others wait for it."""
    if not os.environ.get("KUBEBUILDER_ASSETS"):
        return _PROGRAMS.build(say)
    for program in ("etcd", "kube-apiserver", "kubectl"):
        find(program)
    return directory()
