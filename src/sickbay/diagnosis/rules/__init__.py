"""One declaration a rule, one file a stage or a folder of them; the visible tuple of all stands in catalogue.py."""
