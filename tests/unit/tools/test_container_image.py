"""tools/lib/container_image.py puts the layers of an image on top of each other as a container engine does."""

import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools" / "lib"))

from container_image import ImageArchive, size  # noqa: E402


def layer(*entries):
    """An archive of (path, content); a directory has no content, a link has a Path."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, content in entries:
            member = tarfile.TarInfo(path)
            member.uid, member.gid, member.mode = os.getuid(), os.getgid(), 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(content, Path):
                member.type, member.linkname = tarfile.SYMTYPE, str(content)
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content if isinstance(content, bytes) else b""))
    return made.getvalue()


def saved(directory, *layers):
    digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
    files = {f"{index}.tar": one for index, one in enumerate(layers)}
    manifest = [{"Config": "config.json", "RepoTags": ["one:1"], "Layers": list(files)}]
    config = {"config": {"User": "1:1"}, "rootfs": {"type": "layers", "diff_ids": digests}}
    (directory / "image.tar").write_bytes(layer(*files.items(), ("config.json", json.dumps(config).encode()),
                                                ("manifest.json", json.dumps(manifest).encode())))
    return ImageArchive(directory / "image.tar")


BELOW = layer(("etc", None), ("etc/kept", b"1"), ("etc/changed", b"old"), ("etc/gone", b"2"), ("etc/full", None),
              ("etc/full/a", b"3"), ("lib", Path("usr/lib")), ("etc/link", Path("kept")))


@pytest.mark.parametrize("above, expected", [
    pytest.param(layer(("etc/new", b"n")), {"etc/new": b"n", "etc/kept": b"1"}, id="a new file"),
    pytest.param(layer(("etc/changed", b"new")), {"etc/changed": b"new"}, id="a changed file"),
    pytest.param(layer(("etc/link", b"own")), {"etc/link": b"own", "etc/kept": b"1"}, id="a file instead of a link"),
    pytest.param(layer(("etc/.wh.gone", b"")), {"etc/gone": None, "etc/.wh.gone": None, "etc/kept": b"1"}, id="a file gone"),
    pytest.param(layer(("etc/.wh.full", b"")), {"etc/full/a": None}, id="a directory gone"),
    pytest.param(layer(("etc/full/.wh..wh..opq", b""), ("etc/full/b", b"4")),
                 {"etc/full/a": None, "etc/full/b": b"4", "etc/full/.wh..wh..opq": None}, id="a directory emptied and filled"),
    pytest.param(layer(("etc/.wh.link", b"")), {"etc/link": None, "etc/kept": b"1"}, id="a link gone"),
])
def test_a_layer_changes_what_is_below(tmp_path, above, expected):
    root = saved(tmp_path, BELOW, above).unpack(tmp_path / "root")
    found = {path: (root / path).read_bytes() if (root / path).is_file() else None for path in expected}
    assert found == expected


def test_the_lower_layers_alone(tmp_path):
    image = saved(tmp_path, BELOW, layer(("etc/new", b"12345")))
    base = image.unpack(tmp_path / "base", image.layers[:1])
    assert not (base / "etc/new").exists() and (base / "etc/gone").exists()
    assert size(image.unpack(tmp_path / "root")) - size(base) == 5
    assert image.config == {"User": "1:1"}


def test_a_file_with_two_names_counts_once(tmp_path):
    (tmp_path / "one").write_bytes(b"123")
    os.link(tmp_path / "one", tmp_path / "two")
    assert size(tmp_path) == 3
