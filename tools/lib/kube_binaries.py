"""etcd, kube-apiserver, kube-controller-manager and kubectl: where they are, and how they are built.

They are built from the two pinned modules in tools/go into a cache outside the work tree, so that every checkout on a
machine shares them. KUBEBUILDER_ASSETS names a directory with other people's binaries; then nothing is built.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from processes import Failed

KUBERNETES_VERSION = "1.36.3"
_MODULES = Path(__file__).resolve().parent.parent / "go"
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")
_GOFLAGS = "-mod=readonly -trimpath -buildvcs=false"

# (module, linker flags, {program: package}). An unstamped kube-apiserver calls itself v0.0.0 and refuses feature gates.
_BUILDS = (
    ("etcd", "-s -w", {"etcd": "go.etcd.io/etcd/server/v3"}),
    ("controlplane",
     f"-s -w -X {_VERSION}.gitVersion=v{KUBERNETES_VERSION} -X {_VERSION}.gitMajor={_MAJOR}"
     f" -X {_VERSION}.gitMinor={_MINOR} -X {_VERSION}.gitTreeState=clean",
     {program: f"k8s.io/kubernetes/cmd/{program}"
      for program in ("kube-apiserver", "kube-controller-manager", "kubectl")}),
)


def directory():
    """Where the binaries are, or will be once `build` has run."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return Path(assets).resolve()
    cache = os.environ.get("APICLIENT_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "apiclient-operator"
    return Path(cache).resolve() / "controlplane" / _fingerprint() / "bin"


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
    target = directory().parent
    if os.environ.get("KUBEBUILDER_ASSETS"):
        for program in ("etcd", "kube-apiserver", "kubectl"):
            find(program)
        return directory()
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_suffix(".lock")):
            if not target.is_dir():
                _build_into(target, say)
    return directory()


def _build_into(target, say):
    for leftover in target.parent.glob(f"{target.name}.building.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # Renamed only when complete: a cache entry that exists is whole.
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.building.", dir=target.parent))
    try:
        for module, linker_flags, programs in _BUILDS:
            begin = time.monotonic()
            say(f"building {', '.join(programs)} (minutes the first time, cached in {target.parent})")
            _go_build(module, linker_flags, programs, work)
            say(f"built {', '.join(programs)} in {time.monotonic() - begin:.0f} s")
        shutil.rmtree(work / "tmp")
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _go_build(module, linker_flags, programs, work):
    for folder in ("bin", "tmp"):
        (work / folder).mkdir(exist_ok=True)
    # A single program is named here: go would call etcd "server", after its package.
    output = work / "bin" / next(iter(programs)) if len(programs) == 1 else f"{work}/bin/"
    # GOTOOLCHAIN=auto lets an older Go fetch the one that go.mod asks for.
    # GOFLAGS of the caller could change the build.
    environment = {"GOTOOLCHAIN": "auto", **os.environ, "CGO_ENABLED": "0", "GOFLAGS": _GOFLAGS,
                   "GOWORK": "off", "GOTMPDIR": str(work / "tmp")}
    try:
        go = subprocess.Popen(["go", "build", "-o", output, "-ldflags", linker_flags, *programs.values()],
                              cwd=_MODULES / module, env=environment)
    except FileNotFoundError:
        raise Failed("there is no go on PATH: run tools/setup") from None
    try:
        code = go.wait()
    except BaseException:
        go.send_signal(signal.SIGINT)
        go.wait()
        raise
    if code != 0:
        raise Failed(f"go build in {_MODULES / module} failed (see above)")


def _fingerprint():
    digest = hashlib.sha256(f"{platform.machine()} {_GOFLAGS} {_BUILDS}".encode())
    for module, _, _ in _BUILDS:
        for name in ("go.mod", "go.sum"):
            digest.update((_MODULES / module / name).read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
