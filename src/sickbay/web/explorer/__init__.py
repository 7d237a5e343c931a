"""The FHIR explorer: FHIR data as pages, as a user or with an app's token, through the decisions of a real request."""
