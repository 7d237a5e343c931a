"""The store on SQLite. Only apsw opens the file. One thread writes; the event loop reads and never begins or commits."""
