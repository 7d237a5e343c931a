"""The FHIR operations: which ones exist, their parameters, and those that need no store."""
