"""FHIR as data and pure functions: versions, search, index, visibility, conformance. Knows nothing of OAuth."""
