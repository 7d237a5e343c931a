"""The user's part of an authorization: sign-in, context selection and consent.

decision            checks of what the user decided
consent             the scopes that remain after consent
consent_categories  the categories to which a user can limit a scope
prompt              how the app wants the user to sign in
"""

from __future__ import annotations

from sickbay.authorization.login.decision import (
    LoginCheck,
    access_was_not_declined,
    at_least_one_scope_is_granted,
    encounter_belongs_to_the_patient_if_one_is_chosen,
    patient_is_chosen_if_needed,
    user_is_that_of_the_launch_if_it_has_one,
    user_may_access_the_patient_if_one_is_chosen,
)
from sickbay.kernel.checks import compile_checks

CHECKS: tuple[LoginCheck, ...] = (
    access_was_not_declined,
    user_is_that_of_the_launch_if_it_has_one,
    at_least_one_scope_is_granted,
    patient_is_chosen_if_needed,
    user_may_access_the_patient_if_one_is_chosen,
    encounter_belongs_to_the_patient_if_one_is_chosen,
)

COMPILED = compile_checks(CHECKS)
