"""Rows of customers and of the words they are found by."""
