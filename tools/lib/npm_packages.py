"""Programs for tests that come as npm packages: pinned by a package-lock.json, installed into the
cache (cache.py)."""

import hashlib
import platform
import shutil
import subprocess
import time

import cache
from processes import Failed


def directory(package):
    """Where the files of the folder `package` and its node_modules are, or will be once `install` has run."""
    return cache.directory("npm") / f"{package.name}-{_fingerprint(package)}"


def install(package, say=print):
    """Installs what is missing. Safe when several run at once: one installs, the others wait for it."""
    return cache.filled(directory(package), lambda work: _install_into(package, work, say))


def node(target):
    """The Node.js that the packages in `target` bring along, since a distribution's may be too old for them."""
    found = next(target.glob("node_modules/node-linux-*/bin/node"), None)
    if not found:
        raise Failed(f"there is no Node.js for {platform.machine()} among the packages in {target}")
    return found


def _install_into(package, work, say):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(package / name, work / name)
    begin = time.monotonic()
    say(f"installing the packages of {package.name} (cached in {work.parent})")
    _npm_ci(work)
    say(f"installed them in {time.monotonic() - begin:.0f} s")
    return work


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
