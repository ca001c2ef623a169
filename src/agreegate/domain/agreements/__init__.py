"""Agreements, their published texts, and what a new text would change."""
