"""Rules about the metadata document of a client whose `client_id` is a URL."""

from collections.abc import Mapping

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Functions
from sickbay.kernel.checks import Facts


def _add_address(facts: Facts) -> Facts:
    to = facts.get("to")
    return {**facts, "moved": f"It redirects to `{to}`, so that may be the URL to send as `client_id`." if to else ""}


def _send_expected(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    expected = facts.get("expected")
    return corrections.with_parameters(request, ("client_id", expected)) if expected else request


FUNCTIONS: Mapping[str, Functions] = {
    "mcp-cimd-unreachable": {"recognises": _add_address},
    "mcp-cimd-id-differs": {"repair": _send_expected},
}
