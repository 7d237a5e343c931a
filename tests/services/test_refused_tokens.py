"""The memory of tokens that lacked a scope is bounded, and a reset empties it."""

from __future__ import annotations

import asyncio

from sickbay.authorization.models import AccessToken
from sickbay.kernel.memory import ResetScope
from sickbay.services.refused_tokens import MAXIMUM_CHARACTERS, MAXIMUM_NEEDED, MAXIMUM_TOKENS, MAXIMUM_USERS, RefusedTokens


def _token(client: str = "app", issued_at: int = 1, scope: str = "patient/Patient.rs") -> AccessToken:
    return AccessToken(client, scope, "base", 1000, "family", user="okafor", issued_at=issued_at)


def test_a_token_is_remembered_once_with_all_that_it_lacked() -> None:
    memory = RefusedTokens()
    for number in range(100):
        memory.remember("general", _token(), f"patient/Type{number}.rs", number)
    (refused,) = memory.find("general", _token(issued_at=9))
    assert (len(refused.needed), refused.at) == (MAXIMUM_NEEDED, 0)
    assert memory.find("epic", _token()) == memory.find("general", _token("other")) == ()


def test_the_newest_tokens_of_each_user_and_the_newest_users_stay() -> None:
    memory = RefusedTokens()
    for number in range(20):
        memory.remember("general", _token(issued_at=number), "patient/Observation.rs", number)
    assert [refused.issued_at for refused in memory.find("general", _token())] == list(range(20 - MAXIMUM_TOKENS, 20))
    for number in range(MAXIMUM_USERS):
        memory.remember("general", _token(f"app-{number}"), "patient/Observation.rs", number)
    assert memory.find("general", _token()) == ()
    assert memory.find("general", _token("app-0"))


def test_a_long_scope_is_not_remembered() -> None:
    memory = RefusedTokens()
    memory.remember("general", _token(scope="a" * (MAXIMUM_CHARACTERS + 1)), "patient/Observation.rs", 1)
    assert memory.find("general", _token()) == ()


def test_a_reset_forgets_the_hospital() -> None:
    memory = RefusedTokens()
    for tenant in ("general", "epic"):
        memory.remember(tenant, _token(), "patient/Observation.rs", 1)
    memory.forget(ResetScope("general"))
    assert (memory.find("general", _token()), len(memory.find("epic", _token()))) == ((), 1)
    memory.forget(ResetScope())
    assert memory.find("epic", _token()) == ()


def test_other_workers_are_told_only_what_is_new() -> None:
    memory, other = RefusedTokens(), RefusedTokens()
    for needed in ("patient/Observation.rs", "patient/Observation.rs", "patient/Condition.rs"):
        if told := memory.remember("general", _token(), needed, 1):
            asyncio.run(other.answer_worker(told))
    assert other.find("general", _token()) == memory.find("general", _token())
    assert memory.remember("general", _token(), "patient/Condition.rs", 2) == b""
