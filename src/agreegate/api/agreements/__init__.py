"""Agreement texts over the API: metadata, links and files."""
