"""Partner Center as we answer it, and our own endpoints."""
