"""Pages of indirect providers and resellers."""
