"""The cache outside the work tree, which every checkout on a machine shares: what takes minutes to fetch or to build.
APICLIENT_CACHE says where it is, by default below XDG_CACHE_HOME.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path


def directory(name):
    """A directory of the cache; it need not be there yet."""
    cache = os.environ.get("APICLIENT_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "apiclient-operator"
    return Path(cache).resolve() / name


def filled(target, fill):
    """Returns `target`. Where it is missing, `fill(work)` makes it in an empty directory beside it, and returns the path
    that is to become it. Renamed only when complete: an entry that exists is whole. Safe when several run at once: one
    works, the others wait for it."""
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.with_name(f"{target.name}.lock")):
            if not target.is_dir():
                _fill(target, fill)
    return target


def _fill(target, fill):
    for leftover in target.parent.glob(f"{target.name}.building.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.building.", dir=target.parent))
    try:
        made = fill(work)
        made.chmod(0o755)
        made.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def locked(path):
    """While the block runs, nobody else is in one for this file."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
