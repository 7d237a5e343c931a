"""FHIR search: reading a query, matching it, and the index entries it is matched against."""
