"""Composition: settings, store, effects and tenants in one object that every door holds."""
