"""Rules about `response_type`, `response_mode`, `prompt`, request objects and secrets in the URL."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions

FUNCTIONS: RuleFunctions = {
    "response-type-missing": {"repair": corrections.set_value("response_type", "code")},
    "response-type-invalid": {"repair": corrections.set_value("response_type", "code")},
    "response-mode-unsupported": {"repair": corrections.set_value("response_mode", None)},
    "request-object-unsupported": {"repair": lambda request, facts: corrections.set_parameters(request, (facts["name"], None))},
    "client-secret-in-url": {"repair": corrections.set_value("client_secret", None)},
    "prompt-none-with-others": {
        "repair": lambda request, facts: corrections.set_parameters(
            request, ("prompt", " ".join(value for value in facts["received"].split() if value != "none"))
        )
    },
    "max-age-invalid": {"repair": corrections.set_value("max_age", None)},
    "prompt-none-without-session": {"repair": corrections.set_value("prompt", None)},
}
