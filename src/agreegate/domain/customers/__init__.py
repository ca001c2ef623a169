"""Customers, their people, and how both are found."""
