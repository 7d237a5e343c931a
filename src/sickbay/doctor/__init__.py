"""Says what an error message of a server or a library means, and what most likely causes it, from knowledge that is data.

1. `knowledge/` is the data: products, their messages, and causes. Its README describes the format.
2. `source` reads it, `compiled` compiles it to one file and loads that. `model` has what is loaded.
3. `phrases` finds phrases in a text, `match` the products and messages that a text shows, `facts` what can be computed from it.
4. `rank` orders the causes, `fill` puts values from the text into them, `answer` puts the answer together.
5. `topics` finds related topics for what isn't known.
"""
