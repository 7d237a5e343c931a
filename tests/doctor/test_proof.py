"""Only phrases that a text of a usual cause has prove it, in a group with many phrases."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs
from tests.doctor import small

from sickbay.doctor import phrases
from sickbay.doctor.match import find_shown
from sickbay.doctor.model import Knowledge
from sickbay.doctor.proof import MANY_PHRASES, put_proven_phrases_first
from sickbay.doctor.source import read

REDIRECT = "oauth/redirect"


def test_a_phrase_without_a_text_comes_last_and_proves_nothing(tmp_path: Path) -> None:
    knowledge = with_phrases(tmp_path, MANY_PHRASES)
    message = knowledge.messages[REDIRECT]
    assert message.proved == (1,)
    assert is_proved(knowledge, "unknown redirect")
    assert not is_proved(knowledge, "other wording a")


def test_a_phrase_of_a_small_group_needs_no_text(tmp_path: Path) -> None:
    knowledge = with_phrases(tmp_path, MANY_PHRASES - 1)
    assert knowledge.messages[REDIRECT].proved == ()
    assert is_proved(knowledge, "other wording a")


def test_a_message_that_texts_of_another_cause_have_as_often_proves_nothing() -> None:
    knowledge = small.read()
    redirect, used = knowledge.causes["oauth-redirect"], knowledge.causes["oauth-code-used"]
    assert is_proved(put_proven_phrases_first(knowledge, [(redirect, "unknown redirect")]), "unknown redirect")
    assert not is_proved(
        put_proven_phrases_first(knowledge, [(redirect, "unknown redirect"), (used, "an unknown redirect")]), "unknown redirect"
    )
    evident = structs.replace(knowledge.messages[REDIRECT], strength="evident")
    shown = structs.replace(knowledge, messages={**knowledge.messages, REDIRECT: evident})
    assert is_proved(put_proven_phrases_first(shown, [(used, "unknown redirect")]), "unknown redirect")


def with_phrases(folder: Path, count: int) -> Knowledge:
    """The small knowledge with so many phrases in the group of the message."""
    more = ", ".join(f'"other wording {letter}"' for letter in "abcdefgh"[: count - 1])
    said = small.FILES["oauth/messages.toml"].replace('[["unknown redirect"]]', f'[[{more}, "unknown redirect"]]')
    return read(small.write(folder, oauth_messages_toml=said))


def is_proved(knowledge: Knowledge, text: str) -> bool:
    found = find_shown(knowledge, phrases.split_words(text), (), ())
    return next(each.is_proved for each in found.messages if each.message.id == REDIRECT)
