"""Keycloak, for tests: the distribution that Maven fetches, pinned by its digest, unpacked and built into the cache
(cache.py). Servers run from there with a directory of their own for what they write.

APICLIENT_KEYCLOAK names the directory of another one, built in the same way.
"""

import hashlib
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import cache
from processes import Failed

KEYCLOAK_VERSION = "26.7.0"  # the newest one that can be had as a Maven artifact
_SHA256 = "e63bd0167199c0092b8a4d22cc137e6b7a70e0089070f6f7799b1be504b69a8a"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK_VERSION}:zip"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
# What is fixed when the server is built, so that a start need not build it again.
_BUILD = ("--db=dev-file", "--cache=local", "--features=client-secret-rotation", "--health-enabled=false")
# A small server that starts soon matters more than a fast one that runs for long.
_JAVA = ("-Xms64m", "-Xmx384m", "-XX:MaxMetaspaceSize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
         "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
         "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
         "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
         "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
         "--add-opens=java.base/java.security=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED")


def find():
    """The directory of the built distribution; Failed says how to get it."""
    given = os.environ.get("APICLIENT_KEYCLOAK")
    home = Path(given).resolve() if given else _directory()
    if (home / "lib" / "quarkus-run.jar").is_file():
        return home
    raise Failed(f"{home} holds no Keycloak" if given else "Keycloak is not built: run tools/peers build")


def build(say=print):
    """Builds it where it is missing. Safe when several run at once: one builds, the others wait for it."""
    return cache.filled(_directory(), lambda work: _build_into(work, say))


def command(directory, *arguments):
    """The command line of a server that writes below `directory`, which is made. One process, without a shell before
    it: the JVM itself gets the signals."""
    home = find()
    directory.mkdir(mode=0o700, exist_ok=True)
    for name in ("lib", "providers", "themes", "conf"):
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(home / name)
    return [_java(), *_JAVA, f"-Dkc.home.dir={directory}", f"-Djboss.server.config.dir={directory}/conf",
            "-cp", str(directory / "lib" / "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start", "--optimized", *arguments]


def _directory():
    fingerprint = hashlib.sha256(f"{_SHA256} {_BUILD}".encode()).hexdigest()[:16]
    return cache.directory("keycloak") / f"{KEYCLOAK_VERSION}-{fingerprint}"


def _build_into(work, say):
    begin = time.monotonic()
    say(f"fetching and building Keycloak {KEYCLOAK_VERSION} (minutes the first time, cached in {work.parent})")
    home = _unpack(_fetch(work), work)
    _run("kc.sh build", ["/bin/bash", str(home / "bin" / "kc.sh"), "build", *_BUILD], {**os.environ, "JAVA": _java()})
    say(f"built Keycloak in {time.monotonic() - begin:.0f} s")
    return home


def _fetch(work):
    """By Maven, so that its settings (a mirror, a proxy) hold."""
    _run("mvn", ["mvn", "-B", "-q", _COPY, f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={work}"], os.environ)
    file, = work.glob("*.zip")
    digest = hashlib.sha256()
    with open(file, "rb") as archive:
        while block := archive.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != _SHA256:
        raise Failed(f"{_ARTIFACT} is not the file that is pinned here: its SHA-256 is {digest.hexdigest()}")
    return file


def _unpack(file, work):
    with zipfile.ZipFile(file) as archive:
        archive.extractall(work)
    file.unlink()
    home, = (one for one in work.iterdir() if one.is_dir())
    return home


def _run(what, argv, environment):
    try:
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=1800)
    except FileNotFoundError:
        raise Failed(f"there is no {argv[0]} on PATH: run tools/setup") from None
    if done.returncode != 0:
        raise Failed(f"{what} failed:\n{done.stdout}{done.stderr}")


def _java():
    """JAVA_HOME's, or the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home) / "bin" / "java")) if home else shutil.which("java")
    if not found:
        raise Failed("there is no java: run tools/setup")
    return found
