"""The HTTP layer and the pages. A handler reads a request, calls one service and writes its response."""
