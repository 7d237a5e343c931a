"""Stores records and resources. All SQL is in this package, and no resource is read without a Visibility."""
