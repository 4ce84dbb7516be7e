"""Somebody who types what a page says, block after block, in one shell."""

import re
import subprocess

from documented import blocks
from repository import REPOSITORY

_AGE = re.compile(r"\b(?:\d+[smhd])+\b")


class Reader:
    """Of one page. `finish` fails when a block of commands was left out.

    Works in a directory that looks like the project's root, the same for all readers that are given it; examples/ is a copy
    that leads to `ports` instead of the ones of the playground. Variables and functions of one block are there in the next;
    `before` is run ahead of each block.
    """

    def __init__(self, page, directory, environment, ports=(9080, 9081), before=""):
        self._blocks = [block for block in blocks(page) if not block.language]
        self._next = 0
        self._directory, self._environment, self._before = directory, environment, before
        self.directory = directory / "project"
        self._state = directory / f"shell-state-{page.replace('/', '-')}"
        if not self.directory.exists():
            _copy_project(self.directory, ports)

    def run(self, section=None, seconds=120):
        """The next block, which has to be below this heading of the second level; or, with a heading alone, all of that."""
        said = self.run_one(section, seconds)
        while self._next < len(self._blocks) and self._blocks[self._next].section == section:
            said += self.run_one(section, seconds)
        return said

    def run_one(self, section=None, seconds=120):
        block = self._blocks[self._next]
        assert section in (None, block.section), f"{block} comes next, not {section}"
        self._next += 1
        if block.text.startswith("$ "):
            return self._compare(block, seconds)
        return self._shell(block, block.text, seconds)

    def skip(self, section):
        """Passes over the next block, which is shown in another test."""
        assert self._blocks[self._next].section == section, f"{self._blocks[self._next]} comes next"
        self._next += 1

    def moves_to(self, environment):
        """To another cluster, with a new shell; the directory is the same."""
        self._environment = environment
        self._state.unlink()

    def finish(self):
        left = [str(block) for block in self._blocks[self._next:]]
        assert not left, f"never run: {', '.join(left)}"

    def _compare(self, block, seconds):
        """A sample of an answer is what the command really says, but for ages and blanks."""
        command, _, sample = block.text.removeprefix("$ ").partition("\n")
        said = self._shell(block, command, seconds)
        assert _plain(said) == _plain(sample), f"{block} shows another answer than {_plain(said)}"
        return said

    def _shell(self, block, text, seconds):
        state = self._state
        # Everything is exported, so that the next shell can have it again.
        script = (f"set -eao pipefail\n[ ! -e {state} ] || . {state}\n{self._before}\n{text}\n"
                  f"{{ export -p; declare -f; }} > {state}\n")
        done = subprocess.run(["bash", "-c", script], cwd=self.directory, env=self._environment, capture_output=True,
                              text=True, timeout=seconds)
        assert done.returncode == 0, f"{block} ends with {done.returncode}: {done.stderr}\n{done.stdout}"
        return done.stdout


def _plain(text):
    return [" ".join(_AGE.sub("AGE", line).split()) for line in text.strip().splitlines()]


def _copy_project(directory, ports):
    """Links, but for what is changed, and for what Kustomize reads: it follows no link out of a directory."""
    copied = ("charts", "crds", "examples", "kustomization.yaml")
    directory.mkdir(parents=True)
    (directory / "build").mkdir()
    for entry in REPOSITORY.iterdir():
        if entry.name in copied:
            subprocess.run(["cp", "-a", entry, directory], check=True)
        elif entry.name not in ("build", ".git"):
            (directory / entry.name).symlink_to(entry)
    for file in (directory / "examples").glob("*.yaml"):
        text = file.read_text()
        for port, ours in zip((9080, 9081), ports, strict=True):
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ours}")
        file.write_text(text)
