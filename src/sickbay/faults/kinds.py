"""The catalogue of kinds (kinds.toml): which members a fault of each has, and where it applies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, convert

Place = Literal["any", "authorize", "token", "discovery", "fhir", "export"]
DIGITS = re.compile(r"[0-9]{1,9}")
HEADER = re.compile(r"[ -~]*")
NAME_CHARACTERS = 200
MAXIMUM_NAMES = 50


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    """A member of a kind. minimum, maximum: limits of a number, or of the characters of a text."""

    type: Literal["integer", "number", "string", "header", "object", "names", "expiry", "any"]
    required: bool = False
    minimum: float = 0
    maximum: float = 0
    values: tuple[str, ...] = ()

    def find_mistake(self, value: Any) -> str:
        """Return what the value must be; "" if it is valid."""
        match self.type:
            case "integer" | "number":
                return self._wrong_number(value)
            case "string":
                return self._wrong_text(value)
            case "header":
                return self._wrong_text(value) or (
                    "" if HEADER.fullmatch(value) else "must have only printable ASCII characters"
                )
            case "object":
                return (
                    ""
                    if isinstance(value, dict) and len(value) <= MAXIMUM_NAMES
                    else 'must be an object, such as {"patient": "123"}'
                )
            case "names":
                return "" if _is_names(value) else f"must be a list of 1 to {MAXIMUM_NAMES} names"
            case "expiry":
                return "" if _is_expiry(value) else "must be null, a number of seconds, or such a number as a string"
            case "any":
                return ""

    def _wrong_number(self, value: Any) -> str:
        is_number = isinstance(value, int if self.type == "integer" else (int, float)) and not isinstance(value, bool)
        if is_number and self.minimum <= value <= self.maximum:
            return ""
        number = "an integer" if self.type == "integer" else "a number"
        return f"must be {number} from {self.minimum:,.15g} to {self.maximum:,.15g}"

    def _wrong_text(self, value: Any) -> str:
        if self.values:
            return "" if value in self.values else f"must be one of {', '.join(self.values)}"
        if isinstance(value, str) and len(value) <= self.maximum:
            return ""
        return f"must be a string of at most {self.maximum:,.15g} characters"


class FaultKind(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of fault. answers: whether the fault replaces the whole response. seen: servers that behave like this. advice:
    what a good app does.

    causes: the refusals that a token with this fault leads to, although the request that is refused has none.
    """

    title: str
    at: Place
    seen: str
    advice: str
    answers: bool = False
    causes: tuple[str, ...] = ()
    members: dict[str, Member] = {}


@cache
def list_kinds() -> Mapping[str, FaultKind]:
    return convert(_read_toml("kinds.toml"), dict[str, FaultKind])


class Preset(Struct, frozen=True, forbid_unknown_fields=True):
    """Several faults that are set together, as `POST /admin/faults` takes them."""

    title: str
    faults: tuple[dict[str, Any], ...]


@cache
def list_presets() -> Mapping[str, Preset]:
    return convert(_read_toml("presets.toml"), dict[str, Preset])


def _read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= MAXIMUM_NAMES
        and all(isinstance(name, str) and 0 < len(name) <= NAME_CHARACTERS for name in value)
    )


def _is_expiry(value: Any) -> bool:
    if isinstance(value, str):
        return bool(DIGITS.fullmatch(value))
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9)
