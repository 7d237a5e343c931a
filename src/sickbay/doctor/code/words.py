"""The knowledge's words about code: functions by what they do, and types."""

from __future__ import annotations

import re
from functools import cache

from sickbay.doctor import compiled

compile_pattern = cache(re.compile)


@cache
def function_names(role: str) -> frozenset[str]:
    """The names, in lower case, of the functions that do this to a value."""
    return frozenset(encoding_names() if role == "collection" else compiled.load_knowledge().code.functions[role].split())


@cache
def encoding_names() -> dict[str, str]:
    """How the fields that a type holds are sent: form, multipart or json, or "" if its name doesn't say so."""
    collections = compiled.load_knowledge().code.collections
    return {name: "" if kind == "fields" else kind for kind, names in collections.items() for name in names.split()}
