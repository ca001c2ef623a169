"""Orders, carts, subscriptions and renewals."""
