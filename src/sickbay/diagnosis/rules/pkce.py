"""Rules about `code_verifier`."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.values import character_name
from sickbay.kernel.checks import Facts


def _describe_characters(facts: Facts) -> Facts:
    names = [name if len(name) > 1 else f"`{name}`" for name in map(character_name, facts["foreign"])]
    length = facts["length"]
    has = f"contains {' and '.join(names)}" if names else f"has {length} character{'' if length == 1 else 's'}"
    return {**facts, "has": has}


def _challenge_is_not_hashed(facts: Facts) -> Facts | None:
    return {"expected": facts["computed"]} if facts["slip"] == "not-hashed" else None


FUNCTIONS: RuleFunctions = {
    "pkce-verifier-missing": {"insert_placeholder": corrections.new_verifier},
    "pkce-verifier-malformed": {"recognises": _describe_characters, "insert_placeholder": corrections.new_verifier},
    "pkce-challenge-not-hashed": {"recognises": _challenge_is_not_hashed, "insert_placeholder": corrections.new_verifier},
    "pkce-verifier-mismatch": {"insert_placeholder": corrections.new_verifier},
}
