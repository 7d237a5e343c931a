"""The journal of exchanges: every request that Sickbay decided on, redacted, with its response, checks and findings.

record         the record of one exchange, compressed by packing; amend changes it if a fault changed its response
write          queues exchanges and writes them; queue is what waits
read           finds records; exchange_json completes them for their readers, and disclosure keeps private facts
lines          exchanges as lists show them; old_lines for those of an older Sickbay
filter_language, filters   the language of filters, and the names of this Sickbay in it
compare        what the other dialects would answer
outcomes       how a recorded exchange ended, and the line by which it is found
events         what an exchange says about its launch
bodies, own_parameters   what is added for the administrator: bodies that are kept, and values that the code has
earlier        the token response at which a FHIR request was bound to fail
probable       exchanges that name no launch but probably belong to one
metrics        what was dropped or couldn't be redacted
"""
