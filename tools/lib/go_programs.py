"""Go programs that the tests run: built from the pinned modules in tools/go into a cache outside the work tree, so that
every checkout on a machine shares them. An entry of the cache is named after everything that decides what is in it.
"""

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cache
from processes import Failed

_MODULES = Path(__file__).resolve().parent.parent / "go"
_GOFLAGS = "-mod=readonly -trimpath -buildvcs=false"


class GoPrograms:
    """One entry of the cache. `builds`: (module, linker flags, {program: package}). `files`: {module: {package: pattern of
    files that its module has beside its code}}, kept beside the programs. `cgo`: the programs have parts in C; Go's build
    tags come with it, because only those parts need any. Used by one thread."""

    def __init__(self, name, builds, files=None, cgo=False, tags=()):
        self._name, self._builds, self._files, self._cgo = name, builds, files or {}, cgo
        self._goflags = _GOFLAGS + (f" -tags={','.join(tags)}" if tags else "")

    def directory(self):
        """Where the programs are, or will be once `build` has run."""
        return cache.directory(self._name) / self._fingerprint() / "bin"

    def build(self, say=print):
        """Builds what is missing. Safe when several run at once: one builds, the others wait for it."""
        cache.filled(self.directory().parent, lambda work: self._build_into(work, say))
        return self.directory()

    def _build_into(self, work, say):
        for module, linker_flags, programs in self._builds:
            begin = time.monotonic()
            say(f"building {', '.join(programs)} (minutes the first time, cached in {work.parent})")
            self._go_build(module, linker_flags, programs, work)
            self._copy_files(module, work)
            say(f"built {', '.join(programs)} in {time.monotonic() - begin:.0f} s")
        shutil.rmtree(work / "tmp")
        return work

    def _go_build(self, module, linker_flags, programs, work):
        for folder in ("bin", "tmp"):
            (work / folder).mkdir(exist_ok=True)
        # A single program is named here: go would call etcd "server", after its package.
        output = work / "bin" / next(iter(programs)) if len(programs) == 1 else f"{work}/bin/"
        # GOTOOLCHAIN=auto lets an older Go fetch the one that go.mod asks for.
        # GOFLAGS of the caller could change the build.
        environment = {"GOTOOLCHAIN": "auto", **os.environ, "CGO_ENABLED": str(int(self._cgo)),
                       "GOFLAGS": self._goflags, "GOWORK": "off", "GOTMPDIR": str(work / "tmp")}
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

    def _copy_files(self, module, work):
        for package, pattern in self._files.get(module, {}).items():
            where = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", package], cwd=_MODULES / module, text=True,
                                   capture_output=True, env={"GOTOOLCHAIN": "auto", **os.environ, "GOFLAGS": self._goflags})
            if where.returncode != 0:
                raise Failed(f"go list {package} failed: {where.stderr}")
            files = list(Path(where.stdout.strip()).glob(pattern))
            if not files:
                raise Failed(f"{package} has no {pattern}")
            for file in files:
                shutil.copyfile(file, work / "bin" / file.name)

    def _fingerprint(self):
        digest = hashlib.sha256(f"{platform.machine()} {self._goflags} {self._builds}".encode())
        for module in self._files:
            digest.update(f"{module} {self._files[module]}".encode())
        for module, _, _ in self._builds:
            for name in ("go.mod", "go.sum"):
                digest.update((_MODULES / module / name).read_bytes())
        return digest.hexdigest()[:16]
