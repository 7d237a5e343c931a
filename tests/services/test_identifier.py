"""The ids of apps can be used as command-line arguments."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.services.fixed_effects import FixedEffects

from sickbay.services.registration import make_identifier


@dataclass(slots=True)
class PresetEffects(FixedEffects):
    texts: list[str] = field(default_factory=list)

    def token(self, size: int = 32) -> str:
        return self.texts.pop(0)


def test_an_id_never_starts_with_a_dash() -> None:
    assert make_identifier(PresetEffects(texts=["-G07ima0-qjkB"]), 9) == "G07ima0_qjkB"


def test_an_id_that_has_only_dashes_is_generated_again() -> None:
    assert make_identifier(PresetEffects(texts=["----", "_-_", "a-b"]), 9) == "a_b"
