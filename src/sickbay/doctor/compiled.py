"""Loads the knowledge and the index of topics from compiled files. A clone compiles them again if their sources have changed.

The wheel has the compiled files without the sources of the knowledge (`tools/build_backend.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import structs

from sickbay.doctor.model import Cause, Knowledge, Message, Product

if TYPE_CHECKING:
    from sickbay.doctor.topics import Topics

HERE = Path(__file__).parent
FOLDER = HERE / "knowledge"
KNOWLEDGE, TOPICS = HERE / "compiled.msgpack", HERE / "topics.msgpack"
HASH_BYTES = 32
"""A compiled file begins with the hash of its sources."""
_NAMES = "compiled model phrases proof source topics pages fill ../kernel/word_index ../kernel/required_words"
CODE = tuple(f"{name}.py" for name in _NAMES.split())
"""The code on which the compiled form depends."""
_COLUMNS: dict[str, Any] = {"products": Product, "messages": Message, "causes": Cause}
"""The fields that are stored by column, such as all titles, because they compress better."""
_Compiled = TypeVar("_Compiled")


@cache
def load_knowledge() -> Knowledge:
    """The knowledge: products, messages and causes."""
    if not KNOWLEDGE.exists() or KNOWLEDGE.read_bytes()[:HASH_BYTES] != hash_knowledge():
        hash_knowledge.cache_clear()  # it may be from the start of the server
    kinds = {
        name: GenericAlias(tuple, tuple(GenericAlias(list, field.type) for field in structs.fields(kind)))
        for name, kind in _COLUMNS.items()
    }  # a list for each field
    stored = msgspec.defstruct("Stored", [(each.name, kinds.get(each.name, each.type)) for each in structs.fields(Knowledge)])
    columns: Any = _load_compiled_file(KNOWLEDGE, stored, hash_knowledge(), lambda: stored(**_read_sources()))
    rows = {name: map(kind, *getattr(columns, name)) for name, kind in _COLUMNS.items()}
    return Knowledge(**structs.asdict(columns) | {name: {each.id: each for each in found} for name, found in rows.items()})


def _read_sources() -> dict[str, Any]:
    from sickbay.doctor import source  # what reads the sources is only needed to compile them

    read = structs.asdict(source.read())
    return read | {name: [*zip(*map(structs.astuple, read[name].values()), strict=True)] for name in _COLUMNS}


@cache
def load_topics() -> Topics:
    """The index of causes, rules and documentation."""
    from sickbay.doctor import topics  # most texts need no topics

    knowledge, of_knowledge = load_knowledge(), hash_knowledge()
    expected = hash_sources(topics.list_files(), of_knowledge) if of_knowledge else b""
    compiled = _load_compiled_file(TOPICS, topics.Topics, expected, lambda: topics.compile_topics(knowledge))
    return topics.add_causes(compiled, knowledge)


def compile_files() -> tuple[Path, ...]:
    """Compiles both files. Returns their paths."""
    load_knowledge()
    load_topics()
    return KNOWLEDGE, TOPICS


def _load_compiled_file(path: Path, kind: type[_Compiled], expected: bytes, build: Callable[[], _Compiled]) -> _Compiled:
    """Reads the compiled file. expected: the hash of its sources; empty without sources, as in a wheel."""
    compiled = path.read_bytes() if path.exists() else b""
    if expected and compiled[:HASH_BYTES] != expected:
        built = build()
        _write_compiled_file(path, expected + msgspec.msgpack.encode(built))
        return built
    return msgspec.msgpack.decode(compiled[HASH_BYTES:], type=kind)


@cache
def hash_knowledge() -> bytes:
    """The hash of the knowledge, which the hash of the topics contains, so that its thousand files are read once."""
    return hash_sources(list_files())


def list_files(folder: Path = FOLDER) -> list[str]:
    """The paths of all sources in order. pathlib would take five times as long, at each start of the command in a clone."""
    if not folder.is_dir():
        return []
    entries = list(os.scandir(folder))
    files = (file for entry in entries if entry.is_dir() for file in os.scandir(entry.path))
    return sorted(file.path for file in (*entries, *files) if file.name.endswith((".toml", ".md")))


def hash_sources(sources: Sequence[str], known: bytes = b"") -> bytes:
    """The hash of the sources and of the code that compiles them; empty without sources. known: the hash of other sources."""
    if not sources:
        return b""
    import hashlib  # a wheel has no sources, and OpenSSL takes a tenth of the command's start

    found = hashlib.sha256(known)
    for path in (*(f"{HERE}/{name}" for name in CODE), *sources):
        with open(path, "rb", buffering=0) as file:  # a Path for each of a thousand files takes long
            content = file.read()
        found.update(f"{path.rsplit('/', 2)[-2:]} {len(content)}\n".encode() + content)
    return found.digest()


def _write_compiled_file(path: Path, compiled: bytes) -> None:
    """Writes the file for the next start, unless the folder is read-only. Several processes may do so at once."""
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_bytes(compiled)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
