"""Rows of customers: names and persons to search by, relationships, standings, and lists."""
