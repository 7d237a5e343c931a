"""Reads arbitrary pasted text: finds every piece of evidence in it and puts the pieces together into exchanges."""
