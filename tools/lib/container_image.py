"""An image in the file that `docker save` and `podman save` write: what it says about itself, and its files."""

import json
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from pathlib import Path

_GONE = ".wh."  # a file of this name says that one below it has gone
_EMPTIED = ".wh..wh..opq"


class ImageArchive:
    def __init__(self, file):
        self._file = file
        with tarfile.open(file) as archive:
            manifest, = json.load(archive.extractfile("manifest.json"))
            self._config = json.load(archive.extractfile(manifest["Config"]))
        self._layers = dict(zip(self._config["rootfs"]["diff_ids"], manifest["Layers"], strict=True))

    @property
    def config(self):
        """What a container of it is started with: User, Env, Cmd, Labels."""
        return self._config["config"]

    @property
    def layers(self):
        """Their digests, the lowest first."""
        return list(self._layers)

    def unpack(self, directory, layers=None):
        """Makes the file system of all layers, or of these. As root, so that everything belongs to whom it should."""
        directory.mkdir(parents=True)
        with tarfile.open(self._file) as archive:
            for layer in self.layers if layers is None else layers:
                _apply(archive.extractfile(self._layers[layer]), directory)
        return directory


def _apply(layer, directory):
    with tempfile.NamedTemporaryFile(suffix=".tar") as copy:
        shutil.copyfileobj(layer, copy)
        copy.flush()
        with tarfile.open(copy.name) as archive:
            for name in archive.getnames():
                _remove_what_has_gone(directory, Path(name))
        subprocess.run(["tar", "--extract", "--file", copy.name, "--directory", str(directory), "--numeric-owner",
                        "--same-owner", "--preserve-permissions", "--xattrs", f"--exclude={_GONE}*"], check=True)


def _remove_what_has_gone(directory, name):
    if name.name == _EMPTIED:
        gone = list((directory / name.parent).glob("*"))
    elif name.name.startswith(_GONE):
        gone = [directory / name.parent / name.name.removeprefix(_GONE)]
    else:
        return
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def size(root):
    """Bytes in the files below it, each once."""
    return sum({(found.st_dev, found.st_ino): found.st_size for found in _regular_files(root)}.values())


def _regular_files(root):
    for folder, _, names in os.walk(root):
        for name in names:
            found = os.lstat(os.path.join(folder, name))
            if stat.S_ISREG(found.st_mode):
                yield found
