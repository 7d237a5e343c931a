"""Recognises error answers in pasted text: OAuth errors, HTTP statuses, OperationOutcomes, network errors."""
