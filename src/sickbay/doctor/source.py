"""Reads the knowledge from its folder: TOML for products and messages, one Markdown file with TOML front matter for a cause.

The format is described in knowledge/README.md. What an author can get wrong raises MistakeInKnowledge, which names the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec
from msgspec import structs

from sickbay.doctor.model import Cause, CodeKnowledge, FactPattern, Knowledge, Message, Phrase, Product
from sickbay.doctor.phrases import PhraseTable
from sickbay.doctor.proof import put_proven_phrases_first
from sickbay.kernel.required_words import list_words

FOLDER = Path(__file__).parent / "knowledge"

GENERAL = ("oauth", "smart", "fhir", "browser", "http")
"""The folders of messages and causes that belong to no product."""
_Kind = TypeVar("_Kind")


class MistakeInKnowledge(ValueError):
    """A file of the knowledge doesn't have the format that README.md describes."""


WORDING = "wording: "
"""Before the origin of a text that was put together from the wordings on a page, and isn't a quotation."""


class Example(NamedTuple):
    """A text under Seen or Not, and its origin ("" if it has none)."""

    text: str
    origin: str

    @property
    def is_quoted(self) -> bool:
        return not self.origin.startswith(WORDING)


class CauseFile(NamedTuple):
    """A cause, with the texts that prove it. seen: its causes must be found. never: it must not be found."""

    path: Path
    cause: Cause
    seen: tuple[Example, ...]
    never: tuple[Example, ...]


def read(folder: Path = FOLDER) -> Knowledge:
    """Reads everything. Raises MistakeInKnowledge."""
    table = PhraseTable()
    products = {path.parent.name: _read_product(path, table) for path in sorted(folder.glob("*/product.toml"))}
    messages = {
        each.id: each for path in sorted(folder.glob("*/messages.toml")) for each in _read_messages(path, table, products)
    }
    files = tuple(read_causes(folder, products))
    causes = {file.cause.id: file.cause for file in files}
    unseen, facts, code = folder / "unseen.toml", folder / "facts.toml", folder / "code.toml"
    listed = _read_table(unseen, dict[str, tuple[str, ...]])
    if unknown := {id for ids in listed.values() for id in ids} - causes.keys():
        _report_mistake(unseen, f"unknown causes: {', '.join(sorted(unknown))}")
    patterns, of_code = _read_table(facts, dict[str, FactPattern]), _read_table(code, CodeKnowledge)
    patterns = {name: structs.replace(each, words=list_words(each.patterns)) for name, each in patterns.items()}
    mistakes = {name: structs.replace(it, words=it.words + list_words(it.patterns)) for name, it in of_code.mistakes.items()}
    of_code = structs.replace(of_code, mistakes=mistakes)
    pieces = _read_table(folder / "pieces.toml", dict[str, dict[str, str]])
    knowledge = Knowledge(products, messages, causes, table.trie, listed, patterns, of_code, pieces)
    return put_proven_phrases_first(knowledge, ((file.cause, example.text) for file in files for example in file.seen))


def _read_table(path: Path, kind: type[_Kind]) -> _Kind:
    """A file below the folder, as what it describes; empty if it is missing."""
    return _convert_data(path, kind, _parse_toml(path, path.read_text(encoding="utf-8")) if path.is_file() else {})


def read_causes(folder: Path = FOLDER, products: Mapping[str, Product] | None = None) -> Iterator[CauseFile]:
    for path in sorted(folder.glob("*/*.md")):
        yield _read_cause(path, find_product(path, products))


def find_product(path: Path, products: Mapping[str, Product] | None = None) -> str:
    """The product to whose folder a file belongs; "" for the general folders."""
    name = path.parent.name
    if name in GENERAL:
        return ""
    if products is not None and name not in products:
        _report_mistake(path, f"the folder {name} has no product.toml, and isn't one of {', '.join(GENERAL)}")
    return name


def _read_product(path: Path, table: PhraseTable) -> Product:
    data = _parse_toml(path, path.read_text(encoding="utf-8"))
    data.pop("shared", None)  # only for the next author
    return _convert_data(path, Product, data | {"id": path.parent.name} | _add_phrases(path, table, data, "marks", "without"))


def _read_messages(path: Path, table: PhraseTable, products: Mapping[str, Product]) -> Iterator[Message]:
    for name, data in _parse_toml(path, path.read_text(encoding="utf-8")).items():
        if not {"wordings", "codes", "needs"} & data.keys():
            _report_mistake(path, f"[{name}] needs wordings, codes or needs")
        wordings = [_add_phrases(path, table, {"group": group}, "group")["group"] for group in data.get("wordings", ())]
        known = {"id": f"{path.parent.name}/{name}", "product": find_product(path, products), "wordings": wordings}
        has_source = data.pop("source", "") != ""  # it is only for authors and tests
        yield _convert_data(path, Message, data | known | _add_phrases(path, table, data, "without"), f"[{name}] ")
        if not has_source:
            _report_mistake(path, f"[{name}] Object missing required field `source`")


def _add_phrases(path: Path, table: PhraseTable, data: Mapping[str, Any], *names: str) -> dict[str, list[Phrase]]:
    """The members with these names as phrases of the table."""
    try:
        return {name: [table.add(phrase) for phrase in data[name]] for name in names if name in data}
    except ValueError as error:
        _report_mistake(path, str(error))


_HEADING = re.compile(r"^## (.+)$", re.M)
_SECTIONS = ["Check", "Fix", "Seen"]


def _read_cause(path: Path, product: str) -> CauseFile:
    text = path.read_text(encoding="utf-8")
    _, begins, text = text.partition("+++\n")
    front, ends, text = text.partition("\n+++\n")
    title, _, text = text.strip().partition("\n")
    if not (begins and ends and title.startswith("# ")):
        _report_mistake(path, "it has to be front matter between +++ lines, # title, and sections")
    why, *others = _HEADING.split(text)
    sections = dict(zip(others[::2], others[1::2], strict=True))
    if [name for name in sections if name != "Not"] != _SECTIONS:
        _report_mistake(path, "its sections have to be Check, Fix, Seen and, if wanted, Not")
    known = {
        "id": f"{path.parent.name}-{path.stem}",
        "product": product,
        "title": title.removeprefix("# ").strip(),
        "why": _join_lines(why),
        "check": _join_lines(sections["Check"]),
        "fix": _join_lines(sections["Fix"]),
    }
    cause = _convert_data(path, Cause, {"behind": {}} | _parse_toml(path, front) | known)
    return CauseFile(path, cause, _read_examples(sections["Seen"]), _read_examples(sections.get("Not", "")))


def _join_lines(text: str) -> str:
    """Paragraphs with their lines joined."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def _read_examples(text: str) -> tuple[Example, ...]:
    """The quotations, each with the line in parentheses that follows it."""
    examples: list[Example] = []
    quoted: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith(">"):
            quoted.append(line.removeprefix(">").removeprefix(" "))
        elif quoted:
            origin = line.strip()
            is_origin = origin.startswith("(") and origin.endswith(")")
            examples.append(Example("\n".join(quoted), origin[1:-1] if is_origin else ""))
            quoted = []
    return tuple(examples)


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _report_mistake(path, str(error))


def _convert_data(path: Path, kind: type[_Kind], data: Mapping[str, Any], place: str = "") -> _Kind:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        _report_mistake(path, f"{place}{error}")


def _report_mistake(path: Path, reason: str) -> NoReturn:
    raise MistakeInKnowledge(f"{path.parent.name}/{path.name}: {reason}")
