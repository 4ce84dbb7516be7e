"""The code blocks of the docs, and their commands, run as they are written."""

import os
import re
import subprocess
from dataclasses import dataclass

import peer_binaries
from repository import REPOSITORY

_FENCE = re.compile(r"^( *)```([a-z]*)$")
_HEADING = re.compile(r"^(#{1,6}) (.+)$")


@dataclass(frozen=True)
class Block:
    """One fenced block. A block without a language is commands, or, when it begins with "$ ", a command and its answer."""

    page: str      # below docs/, as README.md is "../README.md"
    section: str   # its heading of the second level
    heading: str   # its nearest heading
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line} ({self.heading})"


def page_text(page):
    return (REPOSITORY / "docs" / page).read_text()


def blocks(page):
    found, section, heading, opened = [], "", "", None
    for number, line in enumerate(page_text(page).splitlines(), 1):
        fence = _FENCE.match(line)
        if opened:
            if fence and not fence[2]:
                (indent, language, first), lines = opened
                found.append(Block(page, section, heading, first, language, "".join(
                    f"{one.removeprefix(indent)}\n" for one in lines)))
                opened = None
            else:
                opened[1].append(line)
        elif fence:
            opened = (fence[1], fence[2], number), []
        elif title := _HEADING.match(line):
            heading = title[2]
            section = heading if len(title[1]) == 2 else section
    assert not opened, f"{page}: a code block has no end"
    return found


def commands(page, section):
    """Those in the code blocks below this heading of a page in docs/, each as one line, without comments."""
    text = "".join(block.text for block in blocks(page) if block.section == section and not block.language)
    lines = text.replace("\\\n", " ").splitlines()
    return [" ".join(line.split("  #")[0].split()) for line in lines if line.strip()]


def environment(plane, programs=("helm",)):
    """kubectl and these programs on PATH, as the administrator of the cluster."""
    found = {**os.environ, **plane.environment()}
    folders = [str(peer_binaries.find(program).parent) for program in programs]
    found["PATH"] = os.pathsep.join([*folders, found["PATH"]])
    return found


def run(plane, command, seconds=180, programs=("helm",)):
    """In the project's root."""
    done = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, env=environment(plane, programs), capture_output=True,
                          text=True, timeout=seconds)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
