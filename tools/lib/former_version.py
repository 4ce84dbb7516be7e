"""The operator as it was before, for the test that upgrades from it and goes back: its controller, its CRDs and its roles,
made from the pinned commit of this repository into the cache (cache.py)."""

import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import cache
from processes import Failed
from repository import REPOSITORY

COMMIT = "16d42107ef987ef8fce153e7a750a6da24d6e44c"
_PROGRAM = Path("build", "dev", "controller", "apiclient-controller")


def directory():
    """Where all is, or will be once `build` has run."""
    return cache.directory("former-version") / COMMIT


def controller():
    """The path of the program; Failed says how to get it."""
    program = directory() / "apiclient-controller"
    if os.access(program, os.X_OK):
        return program
    raise Failed("the former version is not built: run tools/former-version build")


def crds():
    """The directory of its CustomResourceDefinitions."""
    return directory() / "crds"


def roles():
    """The directory of its roles."""
    return directory() / "roles"


def missing():
    """Why it cannot be had here; empty where it can be, or is there."""
    if directory().is_dir():
        return ""
    try:
        git = _git("cat-file", "-e", f"{COMMIT}^{{commit}}")
    except FileNotFoundError:
        return "there is no git on PATH"
    said = git.stderr.strip().removeprefix("fatal: ")
    return f"git has no commit {COMMIT[:12]} here: {said}" if git.returncode != 0 else ""


def build(say=print):
    """Builds it where it is missing. Safe when several run at once: one builds, the others wait for it."""
    if why := missing():
        raise Failed(f"the former version cannot be built: {why}")
    return cache.filled(directory(), lambda work: _build_into(work, say))


def _build_into(work, say):
    begin = time.monotonic()
    say(f"building the controller of {COMMIT[:12]} (minutes the first time, cached in {work.parent})")
    source, made = work / "source", work / "made"
    _check_out(source)
    # The developers' preset in a tree of the same shape: ccache has what has not changed since.
    _run(source, "cmake", "--preset", "dev", "-DAPICLIENT_TESTS=OFF")
    _run(source, "cmake", "--build", "--preset", "dev", "--target", "apiclient-controller")
    made.mkdir()
    _run(source, "strip", "--strip-debug", "-o", made / "apiclient-controller", _PROGRAM)
    shutil.copytree(source / "crds", made / "crds")
    made.joinpath("roles").mkdir()
    for file in (source / "charts" / "apiclient-operator" / "files").glob("rbac*.yaml"):
        shutil.copy(file, made / "roles")
    say(f"built it in {time.monotonic() - begin:.0f} s")
    return made


def _check_out(target):
    archive = target.with_suffix(".tar")
    git = _git("archive", f"--output={archive}", COMMIT)
    if git.returncode != 0:
        raise Failed(f"git archive {COMMIT} failed: {git.stderr.strip()}")
    with tarfile.open(archive) as files:
        files.extractall(target)


def _git(*arguments):
    return subprocess.run(["git", "-C", REPOSITORY, *arguments], capture_output=True, text=True)


def _run(directory, *argv):
    done = subprocess.run([str(argument) for argument in argv], cwd=directory, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-20:])
        raise Failed(f"{argv[0]} in the former version failed:\n{end}")
