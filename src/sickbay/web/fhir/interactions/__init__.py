"""The handlers of FHIR's RESTful interactions, one file each."""
