"""What is kept: explicit SQL, one text for every engine wherever the dialects allow (decision 0006)."""
