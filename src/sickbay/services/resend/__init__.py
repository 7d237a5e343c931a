"""Sends a recorded request again, as it was or changed, with fresh values instead of those that the journal doesn't keep.

edited         the request that a person or script wants to send, and its limits
placeholders   which of its values Sickbay fills in, and which a person has to type
proposal       what to send instead of a recorded request: the corrected one, or the same with fresh values
originator     the app, the user and the patient that a recorded request belongs to
fresh_grants   issues codes, tokens and launches for them, through the same checks as a real launch, and deletes them again
fill           puts the fresh values into the request
"""
