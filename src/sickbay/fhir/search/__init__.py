"""FHIR search: parses a query, matches resources against it, and builds the index entries that it uses."""
