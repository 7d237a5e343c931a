"""Known errors, one file per server, library or specification. Each file has `ERRORS`; `knowledge.table` reads all files."""
