"""The FHIR operations: their table, their parameters, and the operations that need no store."""
