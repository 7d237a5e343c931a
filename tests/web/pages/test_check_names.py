"""The names of checks as words on the page of an exchange."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.laws import for_each

from sickbay import authorization
from sickbay.authorization import logout
from sickbay.authorization.authorize import stage
from sickbay.authorization.checks import NAMES
from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.requests import LogoutRequest
from sickbay.kernel.checks import Check, Examination, examine
from sickbay.protocol.parameters import parse
from sickbay.web.pages.exchange_summary import split_name

PRIVATE_WORDS = frozenset(
    ["fresh", "holds", "brings", "stands", "stand", "stay", "goes", "alone", "asked", "somebody", "named"]
)


def names() -> Iterator[str]:
    for module in pkgutil.walk_packages(authorization.__path__, f"{authorization.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            checks = value if isinstance(value, tuple) else (value,)
            yield from (check.name for check in checks if isinstance(check, Check))


def test_a_name_becomes_words() -> None:
    assert split_name("redirect_uris_have_no_fragment") == "redirect URIs have no fragment"
    assert split_name("client_id_is_sent") == "client_id is sent"
    assert split_name("id_stands_alone") == "ID is the only search parameter if required"
    assert split_name("version_is_named") == "If-Match is sent"


def test_every_name_in_the_table_is_that_of_a_check() -> None:
    assert set(NAMES.values()) - set(names()) == set()


def test_a_name_in_json_is_never_the_name_of_another_function() -> None:
    assert NAMES.keys().isdisjoint(names())
    assert len(set(NAMES.values())) == len(NAMES)


@for_each("name", sorted(set(names())))
def test_a_check_is_named_without_private_words(name: str) -> None:
    assert PRIVATE_WORDS.isdisjoint(split_name(name).split())


OPTIONAL = re.compile(
    r"\b(launch code|launch is|code_challenge\w*|prompt|response_mode|id_token_hint|post_logout_redirect_uri|iss)\b"
)
CONDITION = re.compile(r"\b(if|only|together)\b")
STANDALONE = samples.sample_request(**samples.STANDALONE, code_challenge=None, code_challenge_method=None)
OLD_APP = samples.sample_context(launch=None, client=structs.replace(samples.CLIENT, pkce="off"))


@pytest.mark.parametrize(
    "checked",
    [
        examine(stage.CHECKS, STANDALONE, OLD_APP),
        examine(logout.CHECKS, LogoutRequest(parse("state=a")), LogoutContext(samples.SERVER, None, {})),
    ],
    ids=["authorize", "logout"],
)
def test_a_passed_check_claims_nothing_about_a_parameter_that_was_not_sent(checked: Examination) -> None:
    passed = [split_name(check.name) for check in checked.checked if check.outcome == "passed"]
    assert len(passed) > 3
    assert [text for text in passed if OPTIONAL.search(text) and not CONDITION.search(text)] == []
