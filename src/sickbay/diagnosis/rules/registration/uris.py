"""Rules about the URIs of a registration: forbidden schemes, and query parameters that the authorization response uses, too."""

from collections.abc import Mapping

from msgspec import structs

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.rule import Functions
from sickbay.kernel.checks import Facts


def _over_tls(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, launch_uri=facts["expected"])


FUNCTIONS: Mapping[str, Functions] = {
    "reg-launch-uri-insecure-http": {"repair": _over_tls},
}
