"""What is in the image, and what is not."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import CHART, render
from container_image import size
from image_files import version

PROGRAMS = ("apiclient-controller", "apiclient-registry")
LIMIT = 60_000_000  # bytes above the base
TOOLS = re.compile(r"(.*-)?(cc|cpp|gcc|g\+\+|c\+\+|clang|ld|as|ar|cmake|ccache|ninja|make|mold|gdb)(-[\d.]+)?")
FOR_COMPILING = re.compile(r".*\.(a|h|hh|hpp|ipp|o|cmake|pc)")


def files(root):
    """{path below root: lstat}, of all but directories."""
    return {str(path.relative_to(root)): path.lstat() for folder, _, names in os.walk(root)
            for path in (Path(folder) / name for name in names)}


@pytest.fixture(scope="module")
def added(root, base_root):
    """Paths of what the image has and its base has not."""
    return set(files(root)) - set(files(base_root))


def test_it_is_small(root, base_root):
    assert 0 < size(root) - size(base_root) <= LIMIT


def test_it_has_both_programs_and_nothing_else_of_ours(root, added):
    assert {path for path in added if path.startswith("usr/local/")} == {f"usr/local/bin/{name}" for name in PROGRAMS}
    for name in PROGRAMS:
        found = (root / "usr/local/bin" / name).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o755, 0, 0), name


def test_nobody_becomes_somebody_else_in_it(root, base_root):
    def special(below):
        return {path for path, found in files(below).items()
                if stat.S_ISREG(found.st_mode) and found.st_mode & (stat.S_ISUID | stat.S_ISGID)}

    assert special(root) == set() and "usr/bin/su" in special(base_root)


def test_nothing_in_it_is_writable_for_its_user(image, root):
    uid, gid = map(int, image.config["User"].split(":"))
    entries = {str(path): path.lstat() for folder, _, names in os.walk(root) for path in
               (Path(folder), *(Path(folder) / name for name in names))}
    writable = {path for path, found in entries.items() if not stat.S_ISLNK(found.st_mode)
                and (found.st_mode & stat.S_IWOTH or found.st_uid == uid or found.st_gid == gid)}
    assert {str(Path(path).relative_to(root)) for path in writable} <= {"tmp", "var/tmp", "run/lock"}


def test_nothing_is_left_of_the_build(added):
    assert {path for path in added if TOOLS.fullmatch(Path(path).name) or FOR_COMPILING.fullmatch(path)} == set()
    left = ("src/", "root/", "tmp/", "var/cache/", "var/lib/apt/", "var/log/")
    assert {path for path in added if path.startswith(left)} == set()


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_stripped(root, program):
    sections = subprocess.run(["readelf", "--section-headers", "--wide", str(root / "usr/local/bin" / program)],
                              capture_output=True, text=True, check=True).stdout
    assert ".text" in sections and ".symtab" not in sections and ".debug_info" not in sections


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_find_their_libraries_and_need_no_environment(contained, program):
    where = f"/usr/local/bin/{program}"
    assert "not found" not in contained("/usr/bin/ldd", where)
    assert contained(where, "--version") == f"{program} {version()}\n"
    assert "--log-format" in contained(where, "--help")


def test_it_knows_authorities_and_time_zones(root):
    assert (root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 100_000
    assert (root / "usr/share/zoneinfo/Europe/Berlin").exists()


def test_it_says_what_it_is_and_the_chart_asks_for_that(image):
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in image.config["Labels"].items()
              if key.startswith("org.opencontainers.image.")}
    assert labels["version"] == version() and labels["title"] == "apiclient-operator" and labels["licenses"] == "Apache-2.0"
    assert labels["revision"] and labels["base.name"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version()


def test_it_starts_as_the_chart_starts_it(image):
    config = image.config
    pods = [one["spec"]["template"]["spec"] for one in render("--set=embeddedRegistry.enabled=true")
            if one["kind"] in ("Deployment", "StatefulSet")]
    assert len(pods) == 2
    for pod in pods:
        user = pod["securityContext"]
        assert config["User"] == f"{user['runAsUser']}:{user['runAsGroup']}"
        container, = pod["containers"]
        assert container["command"][0] in PROGRAMS
    assert "PATH=/usr/local/bin:/usr/bin:/bin" in config["Env"]
    assert config["Cmd"] == ["apiclient-controller"] and not config.get("Entrypoint") and not config.get("Healthcheck")
    assert not config.get("ExposedPorts") and not config.get("Volumes")
