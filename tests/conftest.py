"""What every test may use: the shared folder, where it is, and the promise that nothing required is skipped."""
