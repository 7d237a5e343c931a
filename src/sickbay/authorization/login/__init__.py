"""The user's part of an authorization: sign-in, context selection and consent.

decision            checks of what the user decided
consent             the scopes that remain after consent
consent_categories  the categories to which a user can limit a scope
prompt              how the app wants the user to sign in
"""

from __future__ import annotations

from sickbay.authorization.login.decision import (
    LoginCheck,
    encounter_is_of_the_patient,
    patient_is_chosen_where_one_is_needed,
    patient_is_open_to_the_person,
    person_is_who_launched_the_app,
    person_said_yes,
    something_is_granted,
)
from sickbay.kernel.checks import compile_checks

CHECKS: tuple[LoginCheck, ...] = (
    person_said_yes,
    person_is_who_launched_the_app,
    something_is_granted,
    patient_is_chosen_where_one_is_needed,
    patient_is_open_to_the_person,
    encounter_is_of_the_patient,
)

COMPILED = compile_checks(CHECKS)
