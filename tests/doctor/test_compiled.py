"""The compiled files are made when their sources have changed, and read without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.doctor.small import FILES, write
from tests.laws import for_each

from sickbay.doctor import compiled, source
from sickbay.doctor.model import Knowledge


def load(folder: Path, path: Path) -> tuple[Knowledge, int]:
    """The knowledge, and how often it was compiled."""
    built: list[Path] = []

    def build() -> Knowledge:
        built.append(folder)
        return source.read(folder)

    expected = compiled.hash_sources(compiled.list_files(folder))
    knowledge = compiled._load_compiled_file(path, Knowledge, expected, build)
    return knowledge, len(built)


def encode(knowledge: Knowledge) -> bytes:
    """As in a file, where the phrases are not decoded."""
    return msgspec.msgpack.encode(knowledge)


def test_it_is_compiled_once(tmp_path: Path) -> None:
    folder, path = write(tmp_path), tmp_path / "compiled.msgpack"
    first, second = load(folder, path), load(folder, path)
    assert (first[1], second[1]) == (1, 0)
    assert encode(first[0]) == encode(second[0])


def test_it_is_compiled_again_if_a_file_changed_or_was_added_or_removed(tmp_path: Path) -> None:
    folder, path = write(tmp_path), tmp_path / "compiled.msgpack"
    load(folder, path)
    cause = folder / "oauth" / "code-used.md"
    cause.write_text(FILES["oauth/code-used.md"].replace("twice", "too often"), encoding="utf-8")
    knowledge, times = load(folder, path)
    assert (knowledge.causes["oauth-code-used"].title, times) == ("The code was used too often", 1)
    cause.rename(folder / "acme" / cause.name)
    assert load(folder, path)[1] == 1
    (folder / "acme" / cause.name).unlink()
    assert load(folder, path)[1] == 1
    assert load(folder, path)[1] == 0


def test_without_sources_it_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "compiled.msgpack"
    expected, _ = load(write(tmp_path), path)
    empty = tmp_path / "empty"
    empty.mkdir()
    knowledge, times = load(empty, path)
    assert (encode(knowledge), times) == (encode(expected), 0)


def test_a_folder_that_can_not_be_written_is_no_obstacle(tmp_path: Path) -> None:
    knowledge, times = load(write(tmp_path), tmp_path / "missing" / "compiled.msgpack")
    assert (len(knowledge.causes), times) == (3, 1)


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    folder, path = write(tmp_path), tmp_path / "compiled.msgpack"
    path.write_bytes(b"damaged")
    assert load(folder, path)[1] == 1
    assert load(folder, path)[1] == 0


@for_each("name", ["compiled.msgpack", "topics.msgpack"])
def test_the_compiled_files_are_data(name: str) -> None:
    compiled.compile_files()
    content = (compiled.HERE / name).read_bytes()[compiled.HASH_BYTES :]
    assert content[0] & 0xF0 in (0x80, 0xD0), "a map of MessagePack"


def test_the_files_of_the_knowledge_are_read_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    hash_sources = compiled.hash_sources

    def watch(sources: Sequence[str], known: bytes = b"") -> bytes:
        hashed.extend(sources)
        return hash_sources(sources, known)

    monkeypatch.setattr(compiled, "hash_sources", watch)
    for cached in (compiled.hash_knowledge, compiled.load_knowledge, compiled.load_topics):
        cached.cache_clear()
    compiled.load_topics()
    assert len(hashed) == len({*hashed}) > len(compiled.list_files())


def test_a_hash_from_the_start_of_a_server_is_found_again_if_the_compiled_file_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes, expected = iter([b"old", b"new"]), list[bytes]()
    monkeypatch.setattr(compiled, "KNOWLEDGE", tmp_path / "compiled.msgpack")
    monkeypatch.setattr(compiled, "hash_sources", lambda sources: next(hashes))
    monkeypatch.setattr(compiled, "_load_compiled_file", lambda path, kind, hash, build: expected.append(hash))
    compiled.hash_knowledge.cache_clear()
    assert compiled.hash_knowledge() == b"old"
    with pytest.raises(AttributeError):
        compiled.load_knowledge.__wrapped__()
    compiled.hash_knowledge.cache_clear()
    assert expected == [b"new"]
