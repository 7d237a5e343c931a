"""Rules about FHIR requests: URL, headers, search parameters, body and operations."""
