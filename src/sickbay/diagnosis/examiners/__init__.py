"""What examines the requests of each stage, and the kinds of input that are read as such requests: a file for each stage."""
