"""The tutorial and the first steps of README.md, typed as they are, while a consumer asks for tokens."""

import pytest
from background import Background
from kubeapi import KubeApi, path
from registry import token_status
from secret_view import SecretView

# The playground runs already: what `make up` and `make down` do with the machine is another test's.
MAKE = "make() { case $1 in up|down) ;; *) return 2 ;; esac; }"


class Consumer(Background):
    """Reads the Secret and asks for a token, all the time that there is one."""

    def __init__(self, plane, name):
        super().__init__(every=0.02)
        self._api = KubeApi.from_kubeconfig(plane.kubeconfig())
        self._where = path("v1", "secrets", "default", name)
        self.answers = []

    def look(self):
        found = self._api.get(self._where)
        if found.ok:
            self.answers.append(token_status(SecretView(found.body)))


@pytest.fixture
def typed(playground, tmp_path):
    """typed(page): a Reader; the environment of the playground is where the page expects it."""
    def read(page):
        reader = playground.reader(page, tmp_path, MAKE)
        (reader.directory / "build" / "playground").symlink_to(playground.stack.directory)
        return reader

    yield read
    playground.plane.kubectl("delete", "apiclients,deployments", "--all", "-n", "default")
    playground.plane.kubectl("delete", "clusterclientregistries", "--all")


def test_the_tutorial_works_as_it_is_written(playground, typed):
    reader = typed("tutorial.md")
    said = reader.run("1. A playground")
    assert "apiclients" in said and "clusterclientregistries" in said
    said = reader.run("2. A first client")
    assert "Issued" in said
    reader.run("3. A token")
    reader.run("4. A change")
    with Consumer(playground.plane, "quickstart") as consumer:
        reader.run("5. A new secret, without a gap")
    assert len(consumer.answers) > 3 and set(consumer.answers) == {200}
    reader.run("6. Clean up")
    reader.finish()


def test_the_first_steps_of_the_readme_work(playground, typed):
    reader = typed("../README.md")
    reader.skip("")
    reader.skip("Install it")
    for _ in range(2):
        reader.run_one("A first client")
    assert "access_token" in reader.run_one("A first client")
    reader.run("Rotation")
    reader.finish()
    left = playground.plane.kubectl("get", "apiclients,secrets", "-n", "default", "-o", "name").split()
    assert left == []
