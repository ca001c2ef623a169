"""What keeps the repository in order: checks and generators, run by make."""
