"""Programs for tests that come as npm packages: pinned by a package-lock.json, installed into the cache that
kube_binaries.py uses, outside the work tree, so that every checkout on a machine shares them."""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from processes import Failed


def directory(package):
    """Where the files of the folder `package` and its node_modules are, or will be once `install` has run."""
    cache = os.environ.get("APICLIENT_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "apiclient-operator"
    return Path(cache).resolve() / "npm" / f"{package.name}-{_fingerprint(package)}"


def install(package, say=print):
    """Installs what is missing. Safe when several run at once: one installs, the others wait for it."""
    target = directory(package)
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(f"{target.name}.lock")):
            if not target.is_dir():
                _install_into(package, target, say)
    return target


def node(target):
    """The Node.js that the packages in `target` bring along, since a distribution's may be too old for them."""
    found = next(target.glob("node_modules/node-linux-*/bin/node"), None)
    if not found:
        raise Failed(f"there is no Node.js for {platform.machine()} among the packages in {target}")
    return found


def _install_into(package, target, say):
    # Renamed only when complete: a cache entry that exists is whole.
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.installing.", dir=target.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(package / name, work / name)
        begin = time.monotonic()
        say(f"installing the packages of {package.name} (cached in {target.parent})")
        _npm_ci(work)
        say(f"installed them in {time.monotonic() - begin:.0f} s")
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _npm_ci(work):
    # Scripts of packages would run with our rights, and none is needed.
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work,
                              capture_output=True, text=True, timeout=600)
    except FileNotFoundError:
        raise Failed("there is no npm on PATH: run tools/setup") from None
    if done.returncode != 0:
        raise Failed(f"npm ci failed:\n{done.stdout}{done.stderr}")


def _fingerprint(package):
    digest = hashlib.sha256(platform.machine().encode())
    for name in ("package.json", "package-lock.json"):
        digest.update((package / name).read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
