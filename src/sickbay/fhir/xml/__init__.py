"""FHIR XML: reading and writing resources by the definitions of their FHIR version."""
