"""What applies to requests before or after their handler."""
