"""Pictures as SVG made on the server: classes and attributes, never a style attribute."""

from __future__ import annotations
