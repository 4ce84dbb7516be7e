"""The scanner that test_secrets_stay relies on sees a value in every way in which it may be written."""

import base64
import json
import urllib.parse

import pytest
from secret_scanner import SecretScanner

VALUE = "b7Qd+/=Zr4_x~ kT:9wLm&n%Y2\"uEo-5sHc"  # every way of writing it differs from the value itself

WAYS = {
    "plain": VALUE,
    "without its end": VALUE[:25],
    "without its beginning": VALUE[-25:],
    "in JSON": json.dumps({"a": VALUE}),
    "hex": VALUE.encode().hex(),
    "in a form": urllib.parse.urlencode({"a": VALUE}),
    "in a path": urllib.parse.quote(VALUE, safe=""),
    **{f"base64 after {n} bytes": base64.b64encode(b"x" * n + VALUE.encode() + b"y").decode() for n in range(4)},
    **{f"base64url after {n} bytes": base64.urlsafe_b64encode(b"x" * n + VALUE.encode() + b"y").decode() for n in range(4)},
}


@pytest.mark.parametrize("way", WAYS)
def test_finds_a_planted_value(way):
    scanner = SecretScanner()
    scanner.add("planted value", VALUE)
    found = scanner.find("the place", f"before {WAYS[way]} after")
    assert found, "the scanner is blind"
    assert all("planted value" in line and "the place" in line for line in found)
    assert not any(VALUE[:20] in line for line in found), "the scanner shows the value"


def test_sees_only_what_is_there():
    scanner = SecretScanner()
    scanner.add("planted value", VALUE)
    assert scanner.find("the place", "before and after") == []


def test_finds_the_signature_of_a_token_and_not_its_header():
    header, signature = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9", "c2lnbmF0dXJlLW9mLXRoaXMtdG9rZW4"
    scanner = SecretScanner()
    scanner.add("access token", f"{header}.eyJpc3MiOiJ4In0.{signature}")
    assert scanner.find("the place", f"other {header}.other") == []
    assert scanner.find("the place", f"token {signature}")
