"""Explains what authorization and FHIR decided. A rule never decides; no rule imports another."""
