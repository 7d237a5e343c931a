"""Error responses: what their codes mean, and the finding for one that no rule explains."""
