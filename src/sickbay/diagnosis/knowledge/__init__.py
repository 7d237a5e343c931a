"""What the error messages of other servers and of client libraries mean. One file of data per server or library."""
