"""Programs of Debian packages that are not to be installed, because the package would bring a service along: fetched from the
archive that Debian itself is installed from, and unpacked into the cache outside the work tree."""

import os
import subprocess

import cache
from processes import Failed


class DebianPrograms:
    """Those of one package, as its candidate version has them."""

    def __init__(self, package):
        self._package = package

    def directory(self):
        """Where the programs are, or will be once `build` has run."""
        return cache.directory(self._package) / "debian" / "usr" / "bin"

    def build(self, say=print):
        """Fetches what is missing. Safe when several run at once."""
        cache.filled(self.directory().parents[1], lambda work: self._unpack_into(work, say))
        return self.directory()

    def _unpack_into(self, work, say):
        say(f"fetching {self._package}")
        if not self._download(work):
            # A machine that has everything else may have no lists.
            _run(["apt-get", "update", "-q"] if os.geteuid() == 0 else ["sudo", "-n", "apt-get", "update", "-q"], work)
            if not self._download(work):
                raise Failed(f"apt-get download {self._package} failed")
        archive, = work.glob("*.deb")
        made = work / "unpacked"
        if not _run(["dpkg-deb", "-x", archive, made], work):
            raise Failed(f"{archive.name} cannot be unpacked")
        return made

    def _download(self, work):
        return _run(["apt-get", "download", "-q", self._package], work)


def _run(argv, directory):
    return subprocess.run(argv, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
