"""The declared refusals, one file per stage. A check calls one with its facts to return it."""
