"""Recognises error responses in pasted text: OAuth errors, HTTP statuses, OperationOutcomes and network errors."""
