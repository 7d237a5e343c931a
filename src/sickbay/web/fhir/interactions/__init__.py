"""What can be done with resources: one file for each interaction of FHIR's RESTful API."""
