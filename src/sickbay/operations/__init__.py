"""Load, decide, store: one transaction each. No HTTP, no SQL, no decision of its own."""
