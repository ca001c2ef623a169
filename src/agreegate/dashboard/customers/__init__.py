"""Pages about one customer or a list of customers."""
