"""Servers that other people make and the tests run against: where their programs are, and how they are built.

APICLIENT_HYDRA names another program than the one that is built here.
"""

import os
from pathlib import Path

from go_programs import GoPrograms
from processes import Failed

HYDRA_VERSION = "v2.3.0"  # the newest one that can be had as a Go module
_HYDRA = "github.com/ory/hydra/v2"

_PROGRAMS = GoPrograms("peers", (
    ("hydra", f"-s -w -X {_HYDRA}/driver/config.Version={HYDRA_VERSION}", {"hydra": _HYDRA}),
), cgo=True, tags=("sqlite", "sqlite_omit_load_extension"))


def find(program):
    """The path of one program; Failed says how to get it."""
    given = os.environ.get(f"APICLIENT_{program.upper()}")
    path = Path(given).resolve() if given else _PROGRAMS.directory() / program
    if os.access(path, os.X_OK):
        return path
    raise Failed(f"{path} cannot be run" if given else f"{program} is not built: run tools/peers build")


def build(say=print):
    """Builds what is missing. Safe when several run at once: one builds, the others wait for it."""
    return _PROGRAMS.build(say)
