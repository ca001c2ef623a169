"""What every page shares: layout, forms, sessions, access."""
