"""Rules about the metadata document of a client whose `client_id` is a URL."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _add_address(facts: Facts) -> Facts:
    to = facts.get("to")
    return {**facts, "moved": f"It redirects to `{to}`, so that may be the URL to send as `client_id`." if to else ""}


FUNCTIONS: RuleFunctions = {
    "mcp-cimd-unreachable": {"recognises": _add_address},
    "mcp-cimd-id-differs": {"repair": corrections.set_from_fact("client_id", "expected")},
}
