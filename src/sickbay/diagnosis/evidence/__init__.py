"""From the JSON of a pasted exchange (shared case format, doctor --jsonl, case files) to the request and what is known."""
