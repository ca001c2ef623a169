"""Rows of requests to resellers."""
