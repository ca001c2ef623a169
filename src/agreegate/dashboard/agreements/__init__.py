"""Pages about agreements, their versions and what a new version would change."""
