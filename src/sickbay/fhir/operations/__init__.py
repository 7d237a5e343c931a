"""The FHIR operations: their registry, their parameters, and those that need no store."""
