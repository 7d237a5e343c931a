"""FHIR as data and pure functions: versions, search, index, visibility, conformance. Independent of OAuth."""
