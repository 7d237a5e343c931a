"""Builds and verifies what a release consists of. `make release` runs it; docs/releasing.md describes it."""
