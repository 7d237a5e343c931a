"""The declared refusals: one file for each stage. A check returns one by calling it with the facts."""
