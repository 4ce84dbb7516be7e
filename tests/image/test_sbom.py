"""The list of what the image consists of is complete."""

import re

import pytest

INSIDE = {"libcli11-dev", "libsqlitecpp-dev", "nlohmann-json3-dev"}  # as the Dockerfile says


def packages(text):
    """{(name, version)} in a file as dpkg keeps it."""
    entries = (dict(re.findall(r"^(Package|Version|Status): (.*)$", part, re.MULTILINE))
               for part in text.split("\n\n") if part)
    return {(one["Package"], one["Version"]) for one in entries if one["Status"].endswith(" installed")}


@pytest.fixture(scope="module")
def named(sbom):
    return {(one["name"], one["versionInfo"]) for one in sbom["packages"] if "-Package-deb-" in one["SPDXID"]}


def test_it_names_every_package_with_its_version_and_no_other(root, named):
    installed = packages((root / "var/lib/dpkg/status").read_text())
    inside = set().union(*(packages(file.read_text()) for file in (root / "var/lib/dpkg/status.d").iterdir()))
    assert len(installed) > 80 and {"libcpprest2.10", "libssl3", "libc6"} <= {name for name, _ in installed}
    assert {name for name, _ in inside} == INSIDE, "what is compiled into the programs"
    assert named == installed | inside


def test_what_comes_upon_the_base_has_its_licence_there(root, base_root):
    installed, below = (packages((one / "var/lib/dpkg/status").read_text()) for one in (root, base_root))
    names = {name for name, _ in installed - below} | INSIDE | {"apiclient-operator"}
    assert len(names) > 15
    for name in names:
        assert (root / "usr/share/doc" / name / "copyright").stat().st_size > 0, name


def test_it_is_of_this_image(image, sbom):
    subject, = (one for one in sbom["packages"] if one["name"] == "apiclient-operator")
    assert sbom["spdxVersion"].startswith("SPDX-2") and subject["primaryPackagePurpose"] == "CONTAINER"
    assert subject["versionInfo"] == image.config["Labels"]["org.opencontainers.image.version"]
