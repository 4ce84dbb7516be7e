"""Commands of the docs, run as they are written."""

import os
import re
import subprocess

import peer_binaries
from chart import REPOSITORY


def commands(page, heading):
    """Those in the code blocks below this heading of a page in docs/, each as one line, without comments."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", (REPOSITORY / "docs" / page).read_text(),
                        re.MULTILINE | re.DOTALL)[1]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [" ".join(line.split("  #")[0].split()) for line in lines if line.strip()]


def run(plane, command, seconds=180):
    """In the project's root, with kubectl and helm on PATH, as the administrator of the cluster."""
    environment = {**os.environ, **plane.environment()}
    environment["PATH"] = f"{peer_binaries.find('helm').parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(["bash", "-c", command], cwd=REPOSITORY, env=environment, capture_output=True, text=True,
                          timeout=seconds)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
