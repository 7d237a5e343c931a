"""Renderers of a patient's history, one module per FHIR version. Ids are the same in every version."""
