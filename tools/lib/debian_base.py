"""Debian 12 as the base of an image, where no registry of images can be asked: made by debootstrap from the archive that this
machine installs its own packages from, with the updates that it has."""

import os
import shutil
import subprocess
from pathlib import Path

from processes import Failed

_RELEASE = "bookworm"
# What the slim image of Debian leaves out, for packages that come later too.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/locale/*", "/usr/share/man/*")
_KEPT = "/usr/share/doc/*/copyright"
_EMPTIED = ("dev", "tmp", "var/cache", "var/lib/apt/lists", "var/log")
_OF_THIS_MACHINE = ("etc/hostname", "etc/hosts", "etc/resolv.conf")


def make(directory):
    """The root of its file system."""
    sources = _sources()
    _run("debootstrap", "--variant=minbase", _RELEASE, str(directory), sources[0].split()[1])
    excludes = [*(f"path-exclude {pattern}" for pattern in _LEFT_OUT), f"path-include {_KEPT}"]
    (directory / "etc/dpkg/dpkg.cfg.d/slim").write_text("\n".join(excludes) + "\n")
    (directory / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
    for command in ("update", "dist-upgrade", "clean"):
        _run("chroot", str(directory), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", command)
    _leave_out(directory)
    return directory


def proxies():
    """Environment variables by which apt in the image finds its way out as it does here."""
    found = {}
    for scheme in ("http", "https") if shutil.which("apt-config") else ():
        done = subprocess.run(["apt-config", "shell", "url", f"Acquire::{scheme}::Proxy"], capture_output=True, text=True)
        url = done.stdout.strip().removeprefix("url=").strip("'")
        if url and url != "DIRECT":
            found[f"{scheme}_proxy"] = url
    return found


def _sources():
    """Lines for sources.list: that of the release itself first."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) deb $(SITE) $(RELEASE) main",
                           "Created-By: Packages", "Component: main", "Origin: Debian"], capture_output=True, text=True)
    lines = sorted(set(done.stdout.splitlines()))
    wanted = (_RELEASE, f"{_RELEASE}-security", f"{_RELEASE}-updates")
    found = [line.partition(" ")[2] for line in lines if line.split()[0] in wanted]
    if not any(line.split()[2] == _RELEASE for line in found):
        raise Failed(f"the apt sources of this machine have no {_RELEASE}: build with docker or podman")
    return sorted(found, key=lambda line: line.split()[2])


def _leave_out(directory):
    for pattern in _LEFT_OUT:
        for path in directory.glob(pattern.lstrip("/")):
            if path.is_symlink():
                continue  # it leads to what another package has said for this one too
            if path.is_file():
                path.unlink()
                continue
            for file in list(path.rglob("*")):
                if file.is_symlink() or (file.is_file() and file.name != Path(_KEPT).name):
                    file.unlink()
            for folder, _, _ in os.walk(path, topdown=False):
                if not os.listdir(folder):
                    os.rmdir(folder)
    for folder in _EMPTIED:
        for path in (directory / folder).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in _OF_THIS_MACHINE:
        (directory / name).unlink(missing_ok=True)


def _run(*argv):
    try:
        done = subprocess.run(argv, env={**os.environ, **proxies()}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise Failed(f"there is no {argv[0]} on PATH: run tools/setup --image") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)} failed:\n{done.stdout[-2000:]}")
