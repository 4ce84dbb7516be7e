"""What an image consists of, in SPDX, written by syft from the image's own files.

APICLIENT_SYFT names another syft than the one that is built here.
"""

import os
import subprocess
from pathlib import Path

from go_programs import GoPrograms
from processes import Failed

_VERSION = "1.57.1"
_SYFT = GoPrograms("syft", (
    ("syft", f"-s -w -X main.version={_VERSION}", {"syft": "github.com/anchore/syft/cmd/syft"}),
))


def write(archive, name, version, file, say=print):
    """Of the image in `archive`, under this name and version, into `file`."""
    given = os.environ.get("APICLIENT_SYFT")
    syft = Path(given).resolve() if given else _SYFT.build(say) / "syft"
    environment = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_FILE_METADATA_SELECTION": "none"}
    done = subprocess.run([str(syft), "scan", "--quiet", f"--source-name={name}", f"--source-version={version}",
                           f"--output=spdx-json={file}", f"docker-archive:{archive}"],
                          env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"syft failed: {done.stderr.strip()}")
