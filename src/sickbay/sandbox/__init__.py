"""Composition: settings, store, effects and tenants in the one object that every door holds."""
