"""Every relative link in every page leads to a file, and to a heading in it."""

import re
import subprocess
from functools import cache

import pytest
from repository import REPOSITORY

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
_ELSEWHERE = re.compile(r"^[a-z]+:")


def pages():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=REPOSITORY,
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(page for page in set(listed) if (REPOSITORY / page).exists())


def prose(page):
    """Without what is code."""
    text = re.sub(r"^ *```.*?^ *```$", "", (REPOSITORY / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def anchors(page):
    """As forges make them from headings: small letters, no punctuation, blanks as hyphens, a number at the second one."""
    text = re.sub(r"^ *```.*?^ *```$", "", (REPOSITORY / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    found = set()
    for title in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def links(page):
    for match in _LINK.finditer(prose(page)):
        target = match[1] or match[2]
        if not _ELSEWHERE.match(target):
            yield target


def problem(page, target):
    """What is wrong with a link, or None."""
    place, _, anchor = target.partition("#")
    file = (REPOSITORY / page).parent / place if place else REPOSITORY / page
    if not file.resolve().is_relative_to(REPOSITORY) or not file.exists():
        return f"{target}: no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(file.resolve().relative_to(REPOSITORY)):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    assert not [wrong for target in links(page) if (wrong := problem(page, target))]


def test_tests_that_are_named_exist():
    known = {name for file in (REPOSITORY / "tests").rglob("test_*.py")
             for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    named = {name: page for page in pages() for name in re.findall(r"`(test_\w+)`", (REPOSITORY / page).read_text())}
    assert not {f"{page}: {name}" for name, page in named.items() if name not in known}


def test_every_page_is_found_from_the_first():
    """A page that no other page leads to is read by nobody."""
    reached, ahead = set(), ["README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in links(page):
            file = ((REPOSITORY / page).parent / target.partition("#")[0]).resolve()
            file = file / "README.md" if file.is_dir() else file  # which is what a forge shows
            if file.suffix == ".md" and file.is_file():
                ahead.append(str(file.relative_to(REPOSITORY)))
    assert sorted(set(pages()) - reached) == []
