"""What a running server consists of, for every edge."""
