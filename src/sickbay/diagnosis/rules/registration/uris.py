"""Rules about the URIs of a registration: forbidden schemes, invalid hosts, and parameters of the authorization response."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions

FUNCTIONS: RuleFunctions = {"reg-launch-uri-insecure-http": {"repair": corrections.set_member("launch_uri")}}
