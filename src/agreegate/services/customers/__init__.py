"""Customers: creating, finding and reading them."""
