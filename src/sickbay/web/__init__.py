"""HTTP in, HTTP out, pages. A handler decides nothing: it reads a request, calls one operation, writes its answer."""
