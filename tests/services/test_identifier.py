"""The ids of apps can be given to a command as they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from sickbay.kernel.effects import FixedEffects
from sickbay.services.registration import identifier


@dataclass(slots=True)
class Given(FixedEffects):
    texts: list[str] = field(default_factory=list)

    def token(self, size: int = 32) -> str:
        return self.texts.pop(0)


def test_an_id_never_begins_with_a_dash() -> None:
    assert identifier(Given(texts=["-G07ima0-qjkB"]), 9) == "G07ima0_qjkB"


def test_an_id_of_dashes_alone_is_made_again() -> None:
    assert identifier(Given(texts=["----", "_-_", "a-b"]), 9) == "a_b"
