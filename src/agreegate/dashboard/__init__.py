"""Pages, rendered on the server. For now a start page and the description of our own API; the dashboard grows here."""
