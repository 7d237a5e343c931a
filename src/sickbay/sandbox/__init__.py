"""Builds the sandbox: settings, store, effects and hospitals in one object."""
