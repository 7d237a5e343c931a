"""The FHIR explorer: FHIR data as pages, as a user or with an app's token, through the decisions of a real request.

handlers       the pages over HTTP: finds what an address asks for, and which page shows it
place          the addresses: hospital, version, viewer, and then the FHIR URL
choosing       the bar that chooses them; from_exchange opens what a recorded request asked for
asking         sends the request to the FHIR base, inside this process
page           what all pages have in common
types_page     the first page: resource types and their numbers
search_page    the results of a search as a table; search_form is the form above it
resource_page  one resource, readable or as JSON or XML
history_page   versions of a resource, a type or a base, and two of them side by side
views          the views of all pages
"""
