"""Rules about requests to any endpoint that can't be read at all: not UTF-8, or too large."""

from collections.abc import Mapping

from sickbay.diagnosis.rule import Functions
from sickbay.kernel.checks import Facts


def _is_nul(facts: Facts) -> Facts | None:
    return facts if facts["received"] in ("%00", "0x00") else None


def _is_latin1(facts: Facts) -> Facts | None:
    return facts if "meant" in facts else None


FUNCTIONS: Mapping[str, Functions] = {
    "request-contains-nul": {"recognises": _is_nul},
    "request-in-latin1": {"recognises": _is_latin1},
}
