"""Rules about the URIs of a registration: forbidden schemes, invalid hosts, and parameters of the authorization response."""

from collections.abc import Mapping

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Functions

FUNCTIONS: Mapping[str, Functions] = {"reg-launch-uri-insecure-http": {"repair": corrections.set_member("launch_uri")}}
