"""Validation of resources against the definitions of their FHIR version."""
