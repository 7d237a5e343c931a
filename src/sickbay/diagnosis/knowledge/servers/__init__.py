"""Known errors, one file per server, library or specification. `ALL` in `knowledge.table` lists the files."""
