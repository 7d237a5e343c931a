"""Redacts exchanges and pasted texts: a part of a request is kept only if it is known to be harmless.

redaction       redacts one exchange; the other modules are behind it
safe_values     decides which values are harmless; safe_headers and safe_search do so for headers and searches
vocabulary      the words that are harmless: names of FHIR, OAuth and HTTP
quoting         what findings and responses may quote from a request
body_outline    the shape of a body that can't be kept; kept_bodies masks one that is kept as a whole
excerpt         the part of a long request that is recorded
live_secrets    the second line: a search for secrets that are known to this server
masking         how a secret is shown, and the placeholders that say what belongs there
named_secrets   finds secrets by the names they follow; pasted_secrets masks what was pasted into the doctor,
                pasted_diagnosis the diagnosis of it
"""
