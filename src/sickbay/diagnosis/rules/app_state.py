"""Rules about the endpoint at which apps store their own state."""

from collections.abc import Mapping

from sickbay.diagnosis.rule import Functions
from sickbay.diagnosis.wording import add_count

FUNCTIONS: Mapping[str, Functions] = {"app-state-not-in-profile": {"recognises": add_count}}
