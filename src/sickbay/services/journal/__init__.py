"""The journal of exchanges: every request that Sickbay decided on, redacted, with its response, checks and findings.

record         the record of one exchange
write          queues exchanges and writes them; queue is what waits
read           finds records; exchange_json completes them for their readers, and disclosure keeps private facts
line, lines    what an exchange is found by, and exchanges as lists show them
filter_language, filters   the language of filters, and the names of this Sickbay in it
compare        what the other dialects would answer
outcomes       how a recorded exchange ended
events         what an exchange says about its launch
earlier        the token response at which a FHIR request was bound to fail
probable       exchanges that name no launch but probably belong to one
metrics        what was dropped or couldn't be redacted
"""
