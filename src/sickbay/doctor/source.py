"""Reads the knowledge from its folder: TOML for products and messages, one Markdown file with TOML front matter for a cause.

The format is described in knowledge/README.md. What an author can get wrong raises MistakeInKnowledge, which names the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args

from sickbay.doctor.model import Basis, Cause, Knowledge, Message, Phrase, Product, Strength, Weight
from sickbay.doctor.phrases import PhraseTable

FOLDER = Path(__file__).parent / "knowledge"

GENERAL = ("oauth", "smart", "fhir", "browser", "http")
"""The folders of what belongs to no product."""
UNSEEN = "unseen.toml"
_PRODUCT = {"name", "marks", "without", "shared", "implies", "accompanies"}
_MESSAGE = {"wordings", "without", "codes", "needs", "means", "source", "captures", "strength", "unmistakable"}
_CAUSE = {"basis", "source", "behind", "confirmed_by", "excluded_by", "where", "was"}
_BASES, _STRENGTHS, _WEIGHTS = get_args(Basis), get_args(Strength), get_args(Weight)


class MistakeInKnowledge(ValueError):
    """A file of the knowledge isn't as README.md says."""


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
    products = {path.parent.name: _product(path, table) for path in sorted(folder.glob("*/product.toml"))}
    messages = {
        message.id: message for path in sorted(folder.glob("*/messages.toml")) for message in _messages(path, table, products)
    }
    causes = {file.cause.id: file.cause for file in read_causes(folder, products)}
    return Knowledge(products, messages, causes, table.trie, _unseen(folder / UNSEEN, causes))


def _unseen(path: Path, causes: Mapping[str, Cause]) -> dict[str, tuple[str, ...]]:
    """For each fact about a request, the causes that can't be seen in it."""
    data = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if unknown := {id for ids in data.values() for id in ids} - causes.keys():
        _wrong(path, f"unknown causes: {', '.join(sorted(unknown))}")
    return {fact: tuple(ids) for fact, ids in data.items()}


def read_causes(folder: Path = FOLDER, products: Mapping[str, Product] | None = None) -> Iterator[CauseFile]:
    for path in sorted(folder.glob("*/*.md")):
        yield _cause(path, find_product(path, products))


def find_product(path: Path, products: Mapping[str, Product] | None = None) -> str:
    """The product to whose folder a file belongs; "" for the general folders."""
    name = path.parent.name
    if name in GENERAL:
        return ""
    if products is not None and name not in products:
        _wrong(path, f"the folder {name} has no product.toml, and isn't one of {', '.join(GENERAL)}")
    return name


def _product(path: Path, table: PhraseTable) -> Product:
    data = _toml(path, path.read_text(encoding="utf-8"), _PRODUCT)
    if not data.get("name") or not data.get("marks"):
        _wrong(path, "a product needs name and marks")
    return Product(
        id=path.parent.name,
        name=data["name"],
        marks=_phrases(path, table, data["marks"]),
        without=_phrases(path, table, data.get("without", ())),
        implies=tuple(data.get("implies", ())),
        accompanies=data.get("accompanies", False),
    )


def _messages(path: Path, table: PhraseTable, products: Mapping[str, Product]) -> Iterator[Message]:
    for name, data in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if unknown := data.keys() - _MESSAGE:
            _wrong(path, f"[{name}] has unknown fields: {', '.join(sorted(unknown))}")
        if not data.get("means") or not data.get("source") or not {"wordings", "codes", "needs"} & data.keys():
            _wrong(path, f"[{name}] needs means, source, and wordings, codes or needs")
        if data.get("strength", "message") not in _STRENGTHS:
            _wrong(path, f"[{name}] has an unknown strength")
        yield Message(
            id=f"{path.parent.name}/{name}",
            product=find_product(path, products),
            means=data["means"],
            source=data["source"],
            wordings=tuple(_phrases(path, table, group) for group in data.get("wordings", ())),
            without=_phrases(path, table, data.get("without", ())),
            codes=tuple(data.get("codes", ())),
            needs=tuple(data.get("needs", ())),
            captures=tuple(data.get("captures", ())),
            strength=data.get("strength", "message"),
            unmistakable=data.get("unmistakable", False),
        )


def _phrases(path: Path, table: PhraseTable, phrases: Iterable[str]) -> tuple[Phrase, ...]:
    try:
        return tuple(table.add(phrase) for phrase in phrases)
    except ValueError as error:
        _wrong(path, str(error))


_HEADING = re.compile(r"^## (.+)$", re.M)
_SECTIONS = ["Check", "Fix", "Seen"]


def _cause(path: Path, product: str) -> CauseFile:
    text = path.read_text(encoding="utf-8")
    _, begins, text = text.partition("+++\n")
    front, ends, text = text.partition("\n+++\n")
    title, _, text = text.strip().partition("\n")
    if not (begins and ends and title.startswith("# ")):
        _wrong(path, "it has to be front matter between +++ lines, # title, and sections")
    data = _toml(path, front, _CAUSE)
    why, *others = _HEADING.split(text)
    sections = dict(zip(others[::2], others[1::2], strict=True))
    if [name for name in sections if name != "Not"] != _SECTIONS:
        _wrong(path, "its sections have to be Check, Fix, Seen and, if wanted, Not")
    if data.get("basis") not in _BASES or not data.get("source"):
        _wrong(path, f"it needs source, and a basis: {', '.join(_BASES)}")
    if unknown := {*data.get("behind", {}).values()}.difference(_WEIGHTS):
        _wrong(path, f"unknown weights: {', '.join(sorted(unknown))}")
    cause = Cause(
        id=f"{path.parent.name}-{path.stem}",
        product=product,
        title=title.removeprefix("# ").strip(),
        why=_paragraphs(why),
        check=_paragraphs(sections["Check"]),
        fix=_paragraphs(sections["Fix"]),
        basis=data["basis"],
        source=data["source"],
        behind=data.get("behind", {}),
        confirmed_by=tuple(data.get("confirmed_by", ())),
        excluded_by=tuple(data.get("excluded_by", ())),
        where=data.get("where", {}),
        was=tuple(data.get("was", ())),
    )
    return CauseFile(path, cause, _examples(sections["Seen"]), _examples(sections.get("Not", "")))


def _paragraphs(text: str) -> str:
    """Paragraphs with their lines joined."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def _examples(text: str) -> tuple[Example, ...]:
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


def _toml(path: Path, text: str, known: set[str]) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _wrong(path, str(error))
    if unknown := data.keys() - known:
        _wrong(path, f"unknown fields: {', '.join(sorted(unknown))}")
    return data


def _wrong(path: Path, reason: str) -> NoReturn:
    raise MistakeInKnowledge(f"{path.parent.name}/{path.name}: {reason}")
