"""Everything around the handlers, from the outside in. `stack` has it in two lists.

background      the tasks of the application, which aren't part of any request
tracking        the id and state of each request, and its time for the metrics
observation     the JSON log and OpenTelemetry, if one of them is on
hosts           which Host headers are served
fhir_bases      which requests are for a FHIR base; all others are for pages
page_headers    the correlation id and other headers of every response that isn't FHIR
failures        the response to every exception
revisions       the settings and data that a request belongs to
administrator   the administrator's session, and the limit of wrong admin tokens
cors, throttling, unreadable   the responses for other origins, too many failures, and requests that can't be read
injection       injects faults; asked_requests reads what a fault can be about
bodies          keeps the bodies of FHIR requests for `--keep-bodies`
"""
