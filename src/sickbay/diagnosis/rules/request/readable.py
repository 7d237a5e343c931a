"""Rules about requests to any endpoint that can't be read at all: not UTF-8, or too large."""

from collections.abc import Mapping

from sickbay.diagnosis.rule import Functions, only_with
from sickbay.kernel.checks import Facts


def _is_nul(facts: Facts) -> Facts | None:
    return facts if facts["received"] in ("%00", "0x00") else None


FUNCTIONS: Mapping[str, Functions] = {
    "request-contains-nul": {"recognises": _is_nul},
    "request-in-latin1": {"recognises": only_with("meant")},
}
