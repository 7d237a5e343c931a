"""Reading in SQL, once for every engine: what to ask, under which visibility, in which order. The engines run it."""
