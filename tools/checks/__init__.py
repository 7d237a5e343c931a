"""Checks that no linter offers, one per file. `tools/check.py` runs them."""
