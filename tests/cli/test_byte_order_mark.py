"""Files that an editor on Windows wrote are read: with a byte order mark, and UTF-16 is named."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.command import sickbay

from sickbay.cli import byte_order_mark

CARDS = '{"cards": []}'
SYSTEM = ("--type", "system", "--client", "asymmetric", "--scope", "system/Patient.rs")


@given(st.text())
def test_a_text_is_the_same_with_and_without_a_byte_order_mark(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert byte_order_mark.decode(text.encode()) == text
    assert byte_order_mark.decode(codecs.BOM_UTF8 + text.encode()) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["sickbay.toml", "keys.json", "cards.json"])
def test_a_file_with_a_byte_order_mark_is_read_and_utf_16_is_named(name: str, encoding: str, tmp_path: Path) -> None:
    texts = {"sickbay.toml": 'client_id = "from-the-file"\n', "keys.json": '{"keys": []}', "cards.json": CARDS}
    file = tmp_path / name
    file.write_text(texts[name], encoding=encoding)
    option = {"sickbay.toml": "--config", "keys.json": "--jwks", "cards.json": "--cards"}[name]
    done = sickbay("apps", "add", "App", *SYSTEM, option, str(file), folder=tmp_path / "data", SICKBAY_PATIENTS="0")
    if encoding == "utf-16":
        assert done.stderr.splitlines()[-1].endswith("can't be read: it is encoded in UTF-16. Save it as UTF-8.")
    else:
        assert "can't be read" not in done.stderr


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        (
            "--jwks",
            '{"keys": [{"kty": "RSA", "kty": "EC"}]}',
            " isn't valid JSON: it has the member 'kty' twice in one object.",
        ),
        ("--jwks", "", " isn't valid JSON: it is empty. It must contain a key set, such as {"),
        ("--jwks", '{"keys": [{"kty": "EC",}]}', "too much (line 1, column 23). It must contain a key set, such as {"),
        ("--jwks", "[]", "file must contain a key set, such as {"),
        ("--jwks", "{}", "file must contain a key set, such as {"),
        ("--cards", '"x"', "file must contain CDS Hooks cards, such as [{"),
    ],
)
def test_a_file_with_another_content_is_refused_with_what_it_must_contain(
    option: str, text: str, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    done = sickbay("apps", "add", "App", *SYSTEM, option, str(file), folder=tmp_path / "data", SICKBAY_PATIENTS="0")
    assert done.returncode == 2
    assert done.stderr.startswith(f"sickbay: {file}")
    assert says in done.stderr


def test_the_reason_for_bytes_that_are_not_utf_8_is_a_sentence() -> None:
    with pytest.raises(UnicodeDecodeError) as error:
        byte_order_mark.decode(b"abc\xa4")
    assert byte_order_mark.explain(error.value) == "it isn't UTF-8 (byte 4)"
