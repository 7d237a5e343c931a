"""The knowledge's words about code: functions by what they do, types, and the settings of OAuth libraries."""

from __future__ import annotations

import re
from functools import cache

from sickbay.doctor import compiled
from sickbay.doctor.model import CodeLibrary

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


@cache
def setting_names() -> dict[str, str]:
    """The OAuth names of the settings of libraries."""
    named = compiled.load_knowledge().code.settings
    return {word: name for name, words in named.items() for word in words.split()}


def load_libraries() -> dict[str, CodeLibrary]:
    return compiled.load_knowledge().code.libraries
