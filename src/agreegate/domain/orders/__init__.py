"""Orders, carts, subscriptions, and the terms that they run for."""
