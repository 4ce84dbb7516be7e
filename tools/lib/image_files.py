"""What `tools/image` leaves in build/image, and where from."""

import re

from repository import REPOSITORY

NAME = "apiclient-operator"
DIRECTORY = REPOSITORY / "build" / "image"

ARCHIVE = DIRECTORY / f"{NAME}.tar"  # as `docker save` writes it
SBOM = DIRECTORY / f"{NAME}.spdx.json"
BASE = DIRECTORY / "base.json"  # name and layers of the image below it
ROOT = DIRECTORY / "root"  # its file system
BASE_ROOT = DIRECTORY / "base-root"


def version():
    """Of the project."""
    return re.search(r"project\(\S+ VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text())[1]
