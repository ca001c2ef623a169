"""Rows of orders, carts, subscriptions and renewals."""
