"""Finds regular expressions whose time grows faster than the text: `tools/checks/patterns.py` refuses them."""
