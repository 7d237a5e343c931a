"""Checks that no linter has, one file for each; `tools/check.py` runs them."""
