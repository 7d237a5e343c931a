"""Rules about what a backend service is registered for: its grant type and its authentication method."""

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _sends_secret_for_jwt(facts: Facts) -> Facts | None:
    wants_jwt = facts["registered"] == "private_key_jwt" and str(facts["received"]).startswith("client_secret")
    return facts if wants_jwt and facts.get("grant_type") == "client_credentials" else None


FUNCTIONS: RuleFunctions = {"backend-secret-instead-of-jwt": {"recognises": _sends_secret_for_jwt}}
