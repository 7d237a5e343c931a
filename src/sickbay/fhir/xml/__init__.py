"""FHIR XML: reads and writes resources according to the definitions of their FHIR version."""
