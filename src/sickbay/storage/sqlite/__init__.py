"""The store on SQLite. apsw alone opens the file; one thread writes; the event loop reads and never begins or commits."""
