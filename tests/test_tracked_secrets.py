"""`make check` refuses a committed database, private key or path of a developer's machine."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tools.checks import secrets

from sickbay.protocol import jose

FORMATS = serialization.PrivateFormat
KEYS = (
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
)


def is_refused(folder: Path, name: str, content: bytes) -> bool:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return bool([*secrets.find_problems([path], folder)])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: type(key).__name__)
@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_a_private_key_is_refused_in_any_encoding(tmp_path: Path, key: object, encoding: serialization.Encoding) -> None:
    if encoding is serialization.Encoding.DER and not isinstance(key, rsa.RSAPrivateKey):
        encoding = serialization.Encoding.PEM
    none = serialization.NoEncryption()
    content = key.private_bytes(encoding, FORMATS.PKCS8, none)  # type: ignore[attr-defined]
    assert is_refused(tmp_path, "notes.txt", content)
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    assert not is_refused(tmp_path, "notes.txt", public)


def test_a_private_jwk_is_refused_and_a_public_one_is_not(tmp_path: Path) -> None:
    private = jose.generate()
    assert is_refused(tmp_path, "key.json", private.encode())
    assert is_refused(tmp_path, "key.json", json.dumps(json.loads(private), indent=2).encode())
    assert not is_refused(tmp_path, "key.json", json.dumps(jose.public_members(private)).encode())


def test_a_database_is_refused_by_its_content_and_by_its_name(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "made"))) as db:
        db.execute("CREATE TABLE a (b)")
    content = (tmp_path / "made").read_bytes()
    assert is_refused(tmp_path, "picture.png", content)
    for name in ("a.db", "a.db-wal", "a.db-shm", "b.sqlite"):
        assert is_refused(tmp_path, name, b"")
    assert not is_refused(tmp_path, "a.dbx", b"text")


def test_the_placeholder_for_a_key_is_allowed_and_a_key_is_not(tmp_path: Path) -> None:
    fixture = json.dumps({"d": "TEST-" + "ONLY"}).encode()
    assert not is_refused(tmp_path, "docs/rules/registration.md", fixture)
    assert is_refused(tmp_path, "docs/rules/registration.md", fixture.replace(b"TEST", b"TOAST"))
    assert is_refused(tmp_path, "docs/rules/registration.md", jose.generate().encode())


def test_an_error_that_a_shell_printed_into_a_file_is_refused(tmp_path: Path) -> None:
    printed = b"a { color: red }\n/" + b"root/.tools/hooks: line 24: cannot open shared object\n"
    assert is_refused(tmp_path, "page.css", printed)
    assert not is_refused(tmp_path, "page.css", b"a { color: red }\n")
