"""The keys that the file of a hospital may contain, and the type of each value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, get_args, get_type_hints

import msgspec

from sickbay.authorization.models import Policy
from sickbay.dialects import STANDARD_PATHS, ErrorWording, ResponseStyle

Types = Mapping[str, Any]
TOP: Final[Types] = {
    "name": str,
    "title": str,
    "about": str,
    "like": str,
    "fhir": tuple[str, ...],
    "subject": str,
    "tenant_id": str,
    "scopes": tuple[str, ...],
    "paths": dict[str, Any],
    "answers": dict[str, Any],
    "policy": dict[str, Any],
    "search": dict[str, Any],
    "words": dict[str, dict[str, Any]],
    "discovery": dict[str, Any],
    "token_response": dict[str, str],
    "id_token": dict[str, dict[str, str]],
    "users": list[dict[str, Any]],
    "faults": list[dict[str, Any]],
    "resources": list[dict[str, Any]],
}
PATHS: Final[Types] = dict.fromkeys((*STANDARD_PATHS, "authorize", "token", "errors"), str)
SEARCH: Final[Types] = {"required": tuple[str, ...], "alone": tuple[str, ...], "parameters": dict[str, tuple[str, ...]]}
USER: Final[Types] = {"username": str, "password": str, "fhirUser": str, "name": str, "patients": str | tuple[str, ...]}
ELSEWHERE: Final = {
    "supported_scopes": "scopes at the top of the file",
    "search_criteria": "required in [search]",
    "search_alone": "alone in [search]",
    "search_parameters": "parameters in [search]",
}
"""Members of a policy that have their own place in the file."""


@cache
def list_answer_keys() -> Types:
    return get_type_hints(ResponseStyle)


@cache
def list_policy_keys() -> Types:
    return {name: kind for name, kind in get_type_hints(Policy).items() if name not in ELSEWHERE}


@cache
def wording_types() -> Types:
    return get_type_hints(ErrorWording)


def find_mistake(kind: Any, value: Any) -> str:
    """Says what the value must be instead, as the end of a sentence; "" if it has the right type."""
    try:
        msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        return _describe_kind(kind) or str(error).partition(" - at ")[0].replace("Expected ", "").replace("`", "")
    return ""


WORDS: Final[Mapping[Any, str]] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    tuple[str, ...]: "a list of texts",
    dict[str, Any]: "a table",
    dict[str, str]: "a table of texts",
    dict[str, tuple[str, ...]]: "a table of lists of texts",
    list[dict[str, Any]]: "a list of tables",
}


def _describe_kind(kind: Any) -> str:
    """Describes a type of one of the tables. None isn't described, because a file can't contain it."""
    if isinstance(kind, str):  # a value of a Literal
        return kind
    return WORDS.get(kind) or " or ".join(filter(None, map(_describe_kind, get_args(kind))))
