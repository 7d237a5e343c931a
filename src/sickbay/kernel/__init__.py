"""Checks, refusals, caches and effects. Everything is pure except effects.py, outbound.py and private_files.py."""
