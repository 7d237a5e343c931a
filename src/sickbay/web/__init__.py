"""HTTP in, HTTP out, and the pages. No decisions."""
