"""The rules, one file or folder for each stage. catalogue.py lists all of them in order."""
