"""Reads a text, and explains its requests by the rules of `diagnosis` and its messages by knowledge that is data.

Reading: `copying` undoes what copying did to a text, with `line_prefixes`. `single_exchange` reads a text that is one
exchange. Otherwise `pieces` finds the evidence in it, `code` the requests in source code, `errors` the error responses, and
`har` the exchanges of a HAR file. `reading` examines each with `diagnose`, and `verdict` gives the result in one word.
`layout` excuses what documentation leaves open or lays out for readers.
`code_findings` adds mistakes in code, `ending` where the text ends too early, and `prose` whether someone describes a problem.

Knowing, from `text` on:

1. `knowledge/` is the data: products, their messages, and causes. Its README describes the format.
2. `source` reads it, `proof` learns from its texts which phrases prove a cause, `compiled` compiles it to one file and loads
   that. `model` has what is loaded.
3. `phrases` finds phrases in a text, `match` the products and messages that a text shows, `facts` what can be computed from it.
4. `rank` orders the causes, `fill` puts values from the text into them, `answer` puts the answer together.
5. `topics` finds related topics for what isn't known, in the passages of `pages` too. `rule_finder` searches rules and causes,
   and `rule_docs` writes the catalogue.
"""
