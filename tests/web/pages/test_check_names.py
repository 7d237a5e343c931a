"""The names of checks as words on the page of an exchange."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from sickbay import authorization
from sickbay.kernel.checks import Check
from sickbay.web.pages.check_names import WORDS
from sickbay.web.pages.exchange_summary import words

PRIVATE_WORDS = frozenset(
    ["fresh", "holds", "brings", "stands", "stand", "stay", "goes", "alone", "asked", "somebody", "named"]
)


def names() -> Iterator[str]:
    for module in pkgutil.walk_packages(authorization.__path__, f"{authorization.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            checks = value if isinstance(value, tuple) else (value,)
            yield from (check.name for check in checks if isinstance(check, Check))


def test_a_name_becomes_words() -> None:
    assert words("redirect_uris_have_no_fragment") == "redirect URIs have no fragment"
    assert words("client_id_is_sent") == "client ID is sent"


def test_each_check_with_other_words_exists() -> None:
    assert WORDS.keys() - set(names()) == set()


@pytest.mark.parametrize("name", sorted(set(names())))
def test_a_check_is_named_without_private_words(name: str) -> None:
    assert PRIVATE_WORDS.isdisjoint(words(name).split())
