"""Tells which step a launch waits for, whether it has waited too long, and which causes that may have.

trail       the events of a launch, the app, and the two times
progress    the state machine: from a trail to a state and the step that is missing
wording     the sentences that say what was last seen and what is missing
causes      the likely causes of that, from the rules
declare     what the rules about silence share
"""
