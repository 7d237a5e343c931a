"""Finds the error responses in a text: OAuth errors, HTTP statuses, OperationOutcomes and network errors."""
