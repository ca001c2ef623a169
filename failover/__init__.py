"""Fails a PostgreSQL cluster over under load, and looks for acknowledged confirmations that are lost (limit P10)."""
