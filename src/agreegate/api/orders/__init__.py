"""Orders, carts and subscriptions over the API."""
