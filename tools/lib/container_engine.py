"""Who builds the image: docker or podman, where they can pull its base and run commands on it; else podman with a store of its
own, whose commands run in a chroot and whose base comes from debootstrap. That needs root, and nothing from this machine
but the packages of `tools/setup --image`."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import cache
import debian_base
from processes import Failed
from repository import REPOSITORY

DEBIAN = re.search(r"^ARG DEBIAN=(\S+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)[1]
_SETUP = Path(__file__).resolve().parents[1] / "setup"


def choose(name, base):
    """The one of this name, or the first that can do it."""
    if name:
        return _ENGINES[name]()
    for one in ("docker", "podman"):
        engine = _ENGINES[one]()
        if engine.can_use(base):
            return engine
    return _Chroot()


class _Engine:
    def __init__(self, *command, build_flags=()):
        self._command, self._build_flags = command, build_flags

    def __str__(self):
        return self._command[0]

    def can_use(self, base):
        """Builds something small upon it."""
        with tempfile.TemporaryDirectory() as empty:
            try:
                done = self._run("build", "--quiet", "--file=-", empty, text=f"FROM {base}\nRUN true\n", seconds=300)
            except (Failed, subprocess.TimeoutExpired):
                return False
        if done.returncode == 0:
            self._run("rmi", done.stdout.strip())
        return done.returncode == 0

    def alone(self):
        """The block has its store for itself."""
        return contextlib.nullcontext()

    def prepare(self, base, fresh, say):
        """Gets the base, anew where it is to be `fresh`."""
        if fresh or not self._has(base):
            say(f"{self} pulls {base}")
            self._must("pull", base)

    def build(self, context, tag, arguments):
        """Says on the way what it does."""
        proxies = {**debian_base.proxies(), **os.environ}
        flags = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # By name alone: an address of a proxy may hold a password.
        flags += [f"--build-arg={name}" for name in ("http_proxy", "https_proxy", "no_proxy") if name in proxies]
        argv = (*self._command, "build", *self._build_flags, *flags, "--tag", tag, str(context))
        # A group of its own: commands that it runs in a chroot would outlive it.
        building = subprocess.Popen(argv, env={**proxies, **self._environment()}, stdin=subprocess.DEVNULL, process_group=0)
        try:
            code = building.wait()
        except BaseException:
            os.killpg(building.pid, signal.SIGTERM)
            building.wait()
            raise
        if code != 0:
            raise Failed(f"{self} could not build the image (see above)")

    def layers(self, image):
        """Digests of its layers, the lowest first."""
        return json.loads(self._must("image", "inspect", "--format", "{{json .RootFS.Layers}}", image))

    def save(self, image, file):
        file.unlink(missing_ok=True)  # podman adds to none
        self._must("save", "--output", str(file), image)

    def _has(self, image):
        return self._run("image", "inspect", image).returncode == 0

    def _must(self, *arguments):
        done = self._run(*arguments)
        if done.returncode != 0:
            raise Failed(f"{self} {' '.join(arguments)} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _run(self, *arguments, text="", seconds=None):
        try:
            return subprocess.run((*self._command, *arguments), input=text, capture_output=True, text=True, timeout=seconds,
                                  env={**os.environ, **self._environment()})
        except FileNotFoundError:
            raise Failed(f"there is no {self} on PATH") from None

    def _environment(self):
        return {}


class _Chroot(_Engine):
    def __init__(self):
        if os.geteuid() != 0:
            raise Failed("without docker or podman that can pull images, only root can build one")
        if subprocess.run([_SETUP, "--image"]).returncode != 0:
            raise Failed("tools/setup --image failed (see above)")
        self._store = cache.directory("image")
        super().__init__("podman", "--storage-driver=vfs", f"--root={self._store}/storage", f"--runroot={self._store}/run",
                         build_flags=("--isolation=chroot", "--pull=never", "--layers=false", "--force-rm"))
        (self._store / "tmp").mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def alone(self):
        with cache.locked(self._store / "lock"):
            self._clean()
            yield

    def _clean(self):
        """Removes what builds that were interrupted have left, and images that have lost their name to newer ones."""
        for container in self._must("ps", "--all", "--external", "--quiet").split():
            self._must("rm", "--force", container)
        self._must("image", "prune", "--force")
        for leftover in (self._store / "tmp").iterdir():
            if leftover.name != "buildah-cache":
                shutil.rmtree(leftover, ignore_errors=True)

    def prepare(self, base, fresh, say):
        if self._has(base) and not (fresh and base == DEBIAN):
            return
        if base != DEBIAN:
            raise Failed(f"{base} cannot be pulled here")
        say(f"making {base} with debootstrap")
        with tempfile.TemporaryDirectory(dir=self._store / "tmp") as work:
            root = debian_base.make(Path(work) / "root")
            tar = subprocess.Popen(["tar", "--directory", str(root), "--numeric-owner", "--create", "."],
                                   stdout=subprocess.PIPE)
            done = subprocess.run([*self._command, "import", "-", base], stdin=tar.stdout, capture_output=True, text=True,
                                  env={**os.environ, **self._environment()})
            if tar.wait() != 0 or done.returncode != 0:
                raise Failed(f"podman import failed:\n{done.stderr}")

    def _environment(self):
        # What it mounts with --mount=type=cache is kept there.
        return {"TMPDIR": str(self._store / "tmp")}


_ENGINES = {"docker": lambda: _Engine("docker"), "podman": lambda: _Engine("podman"), "chroot": _Chroot}
NAMES = tuple(_ENGINES)
