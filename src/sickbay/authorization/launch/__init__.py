"""A launch from the EHR (SMART 2.2, Launch App: EHR Launch).

url      the launch URL: how Sickbay builds it, and checks of what an app received
context  the launch context, in the form of each SMART release
style    the colours and fonts of the EHR, for apps to adopt
card     the CDS Hooks cards of an app
task     a launch requested by a Task, or by the link of a card
"""

from __future__ import annotations

from sickbay.authorization.launch.url import (
    UrlCheck,
    iss_is_a_fhir_base,
    iss_is_a_server_that_the_app_trusts,
    iss_is_an_absolute_url,
    iss_is_encoded_once,
    iss_is_sent,
    launch_parameters_are_in_the_query,
    launch_url_is_not_a_plain_link,
)

CHECKS: tuple[UrlCheck, ...] = (
    launch_parameters_are_in_the_query,
    launch_url_is_not_a_plain_link,
    iss_is_sent,
    iss_is_encoded_once,
    iss_is_an_absolute_url,
    iss_is_a_fhir_base,
    iss_is_a_server_that_the_app_trusts,
)
