"""The parts of a running server, for every edge."""
