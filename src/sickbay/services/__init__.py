"""Load, decide, store: one transaction each. No HTTP here, so that the command and the tests need none."""
