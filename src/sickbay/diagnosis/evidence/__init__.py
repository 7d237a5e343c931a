"""Reads the JSON of a pasted exchange (case files, `doctor --jsonl`) into a request and its context."""
