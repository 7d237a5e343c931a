"""Recognises error answers in what somebody pasted: OAuth errors, HTTP statuses, OperationOutcomes, network errors."""
