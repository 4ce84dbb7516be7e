"""The image that `make image` has left in build/image, by its files; no container engine is asked. Needs root.

    image       what it says about itself
    root        its file system, and `base_root` the one that it is based on
    contained   runs a command in it, as a container that may only read and has nothing in its environment
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in ("tools/lib", "tests/support"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

import image_files  # noqa: E402
from container_image import ImageArchive  # noqa: E402

_ENTER = """
set -e
mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; root=$1 user=$2; shift 2
exec chroot --userspec="$user" --groups= "$root" env -i "$@"
"""


@pytest.fixture(scope="session")
def image():
    return ImageArchive(image_files.ARCHIVE)


@pytest.fixture(scope="session")
def root():
    return image_files.ROOT


@pytest.fixture(scope="session")
def base_root():
    return image_files.BASE_ROOT


@pytest.fixture(scope="session")
def sbom():
    return json.loads(image_files.SBOM.read_text())


@pytest.fixture(scope="session")
def contained(image, root):
    def run(*command):
        done = subprocess.run(["unshare", "--mount", "sh", "-c", _ENTER, "enter", str(root), image.config["User"], *command],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
