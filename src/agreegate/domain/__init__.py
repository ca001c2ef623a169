"""The rules. Standard library only: no IO, no clock, no randomness."""
