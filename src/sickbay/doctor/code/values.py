"""The values of expressions in pasted code: text with unknown parts, fields, lists, encoded bodies, and calls.

Building them is limited, because code can double a string, or put a list into itself, again and again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import quote_plus

DEEPEST = 4
"""The maximum depth of nested fields that are written as JSON. Pasted code can put fields into themselves."""
PARTS_OF_A_TEXT, CHARACTERS_OF_A_TEXT, PAIRS_OF_FIELDS = 500, 20_000, 200
"""Limits of a joined string and of a mapping."""
PAIRS_PER_STEP = 20
"""The number of pairs that are read in the time of one step."""
_MARK = "\ue000"
STEPS_AT_LEAST, STEPS_PER_CHARACTER = 5_000, 2
"""Steps for a text: a minimum, and more for each character. Code that people paste needs about one step for two characters."""
WRITTEN_AT_LEAST, WRITTEN_PER_CHARACTER = 20_000, 10
"""Maximum number of characters in values that are built from others."""


class BudgetSpent(Exception):
    """Reading stops here. What was read so far is correct."""


class CodeBudget:
    """The steps and characters that are left."""

    __slots__ = ("characters", "steps")

    def __init__(self, length: int) -> None:
        self.steps = STEPS_AT_LEAST + STEPS_PER_CHARACTER * length
        self.characters = WRITTEN_AT_LEAST + WRITTEN_PER_CHARACTER * length


_current: ContextVar[CodeBudget | None] = ContextVar("budget", default=None)


class Meter:
    """Stops work that takes too many steps for a text of this length, in characters. is_spent: something was stopped."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.is_spent = False

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Leaves the block when its budget is spent."""
        before = _current.set(CodeBudget(self._length))
        try:
            yield
        except BudgetSpent:
            self.is_spent = True
        finally:
            _current.reset(before)


def spend(steps: int = 1, characters: int = 0) -> None:
    """Call this in each step that can repeat more often than the code is long, and before building a value from others.

    Raises BudgetSpent.
    """
    budget = _current.get()
    if budget is not None:
        budget.steps -= steps
        budget.characters -= characters
        if budget.steps < 0 or budget.characters < 0:
            raise BudgetSpent


class Hole(str):
    """The name of a value that isn't known from the paste."""

    __slots__ = ()


class CodeText(NamedTuple):
    """A string. Its parts are known text and the names of unknown values."""

    parts: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        return not any(isinstance(part, Hole) for part in self.parts)

    def __str__(self) -> str:
        if len(self.parts) == 1 and not isinstance(self.parts[0], Hole):
            return self.parts[0]
        spend(len(self.parts), sum(map(len, self.parts)))
        return "".join(f"{{{part}}}" if isinstance(part, Hole) else part for part in self.parts)


@dataclass(slots=True)
class CodeFields:
    """A mapping or a list of pairs. `encoding` is set if its type says how it is sent: form, multipart or json."""

    pairs: list[tuple[str, CodeValue]] = field(default_factory=list)
    encoding: str = ""

    def get(self, *names: str) -> CodeValue | None:
        wanted = {name.lower() for name in names}
        spend(1 + len(self.pairs) // PAIRS_PER_STEP)
        return next((value for name, value in reversed(self.pairs) if name.lower() in wanted), None)

    def set(self, name: str, value: CodeValue) -> None:
        spend(1 + len(self.pairs) // PAIRS_PER_STEP)
        self.pairs = [pair for pair in self.pairs if pair[0] != name]
        self.add(name, value)

    def add(self, name: str, value: CodeValue) -> None:
        """Appends a pair. An encoded body is converted at once, because it could contain these fields."""
        self.extend([(name, text_of(value) if isinstance(value, CodeBody) else value)])

    def extend(self, pairs: Iterable[tuple[str, CodeValue]]) -> None:
        """Appends pairs, as many as there is room for. Fields can be added to themselves."""
        self.pairs += list(pairs)[: max(0, PAIRS_OF_FIELDS - len(self.pairs))]


class CodeItems(NamedTuple):
    values: tuple[CodeValue, ...]


class CodeBody(NamedTuple):
    """A value that was encoded explicitly. `is_text`: by the code itself, for example with JSON.stringify."""

    encoding: str
    value: CodeValue
    is_text: bool = False


@dataclass(slots=True)
class CodeObject:
    """The result of a call or constructor that has no other meaning here. `variable`: to which it was assigned."""

    path: str
    arguments: list[Argument] = field(default_factory=list)
    base: CodeValue | None = None
    properties: dict[str, CodeValue] = field(default_factory=dict)
    variable: str = ""


CodeValue = CodeText | CodeFields | CodeItems | CodeBody | CodeObject


class Argument(NamedTuple):
    """An argument or an element. `key` is its name or key, None if it is positional.

    variable: the name of the variable, if the element is nothing else.
    """

    key: str | None
    value: CodeValue
    variable: str = ""


def literal(text: str) -> CodeText:
    return CodeText((text,) if text else ())


def make_unknown(name: str) -> CodeText:
    return CodeText((Hole(name),))


def join(texts: Iterable[CodeText]) -> CodeText:
    return text_of_parts(part for text in texts for part in text.parts)


def text_of_parts(parts_of_text: Iterable[str]) -> CodeText:
    """The parts as one text, without empty ones. Beyond the limits of a text it is an unknown value."""
    parts: list[str] = []
    size = 0
    for part in filter(None, parts_of_text):
        parts.append(part)
        size += len(part)
        if len(parts) > PARTS_OF_A_TEXT or size > CHARACTERS_OF_A_TEXT:
            return make_unknown("value")
    spend(len(parts), size)
    return CodeText(tuple(parts))


def collect(elements: list[Argument], *, is_object: bool = False) -> CodeFields | CodeItems:
    """The value of a list of elements. In an object, a variable without a key is a field with its name."""
    is_short = is_object and bool(elements) and all(item.key or item.variable for item in elements)
    if is_short or any(item.key for item in elements):
        return CodeFields([(item.key or item.variable, item.value) for item in elements if item.key or is_short])
    if not elements:
        return CodeFields()
    return CodeItems(tuple(item.value for item in elements))


def text_of(value: CodeValue | None) -> CodeText:
    """The value as a string, "" for None. What can't be a string becomes an unknown value."""
    match value:
        case None:
            return literal("")
        case CodeText():
            return value
        case CodeBody() | CodeFields(encoding="form"):
            return serialize(value)[0]
        case CodeObject(path="URL", properties={"href": CodeText() as address, "searchParams": CodeFields() as query}):
            return add_query(address, query)
        case CodeObject(path=path, variable=variable):
            return make_unknown(variable or path.rpartition(".")[2] or "value")
    return make_unknown("value")


def fields_of(value: CodeValue | None) -> CodeFields | None:
    """The value as fields, if it has names and values: a list of pairs counts."""
    match value:
        case CodeFields():
            return value
        case CodeBody(encoding, CodeFields(pairs)):
            return CodeFields(pairs, encoding)
        case CodeItems(values) if values:
            spend(1 + len(values) // PAIRS_PER_STEP)
            pairs = [pair for item in values if (pair := pair_of(item))]
            return CodeFields(pairs) if len(pairs) == len(values) else None
    return None


def pair_of(value: CodeValue) -> tuple[str, CodeValue] | None:
    match value:
        case CodeItems((CodeText() as name, item)):
            return str(name), item
        case CodeFields([(name, item)]) if name not in ("Name", "Value", "name", "value"):
            return name, item
        case CodeFields():
            key, content = value.get("name", "key"), value.get("value")
            return (str(text_of(key)), content) if key is not None and content is not None else None
    return None


def add_query(address: CodeText, query: CodeFields) -> CodeText:
    if not query.pairs:
        return address
    return join((address, literal("&" if "?" in str(address) else "?"), _encode_form(query)))


def serialize(value: CodeValue, default: str = "form") -> tuple[CodeText, str]:
    """The body as it is sent, and its format. `default` is how the library sends fields."""
    match value:
        case CodeBody(encoding, inner):
            return serialize(inner, encoding)
    fields = fields_of(value)
    if fields is None:
        return text_of(value), ""
    encoding = fields.encoding or default
    return (_encode_json(fields) if encoding == "json" else _encode_form(fields)), encoding


def _encode_form(fields: CodeFields) -> CodeText:
    return text_of_parts(_form_parts(fields))


def _form_parts(fields: CodeFields) -> Iterator[str]:
    for number, (name, value) in enumerate(fields.pairs):
        yield from ("&" if number else "", quote_plus(name, errors="replace"), "=")
        yield from _encode_parts(value)


def _encode_parts(value: CodeValue) -> Iterator[str]:
    if isinstance(value, CodeItems):
        value = value.values[0] if value.values else literal("")
    elif isinstance(value, CodeFields) and len(value.pairs) == 1:
        value = value.pairs[0][1]
    if isinstance(value, CodeFields) or (isinstance(value, CodeObject) and value.path == "URL"):
        value = make_unknown(getattr(value, "variable", "value"))  # fields can be put into themselves
    for part in text_of(value).parts:
        spend(0, len(part))
        yield part if isinstance(part, Hole) else quote_plus(part, errors="replace")


def _encode_json(value: CodeValue) -> CodeText:
    holes: list[Hole] = []
    pieces = json.dumps(_convert_to_json_value(value, holes, 0), ensure_ascii=False).split(_MARK)
    parts: list[str] = [pieces[0]]
    for hole, piece in zip(holes, pieces[1:], strict=True):
        parts += [hole, piece]
    return text_of_parts(parts)


def _convert_to_json_value(value: CodeValue, holes: list[Hole], depth: int) -> object:
    """The value for json.dumps. Each unknown value is a mark here."""
    spend()
    fields = fields_of(value)
    if fields is not None and depth < DEEPEST:
        return {name.replace(_MARK, ""): _convert_to_json_value(item, holes, depth + 1) for name, item in fields.pairs}
    if isinstance(value, CodeItems) and depth < DEEPEST:
        return [_convert_to_json_value(item, holes, depth + 1) for item in value.values]
    text = text_of(value)
    holes += [part for part in text.parts if isinstance(part, Hole)]
    return "".join(_MARK if isinstance(part, Hole) else part.replace(_MARK, "") for part in text.parts)


class Invocation(NamedTuple):
    """A call. `path` is its name as written, such as `axios.post`; `base` the value on which a method is called."""

    path: str
    name: str
    base: CodeValue | None
    arguments: list[Argument]
    start: int
    end: int

    def value(self, position: int, *keys: str) -> CodeValue | None:
        """The argument with one of these names or at this position (-1: only by name)."""
        named = next((item.value for item in self.arguments if item.key and item.key.lower() in keys), None)
        if named is not None or position < 0:
            return named
        positional = [item.value for item in self.arguments if item.key is None]
        return positional[position] if position < len(positional) else None

    def text(self, position: int, *keys: str) -> CodeText:
        return text_of(self.value(position, *keys))


class Library(Protocol):
    """The meaning of calls and assignments."""

    def call(self, invocation: Invocation) -> CodeValue | None: ...

    def imply(self, owner: str, name: str, start: int) -> CodeValue | None:
        """The object that has this property, if the paste doesn't show it being made."""

    def note_assignment(self, path: str, value: CodeValue, start: int, end: int) -> None:
        """Takes note of an assignment to a variable or to a property of an object that the paste doesn't show."""

    def assign(self, base: CodeValue, name: str, value: CodeValue, end: int) -> None: ...
