"""Rules of FHIR requests that cannot be answered as they are asked: their address and form, and their search."""
