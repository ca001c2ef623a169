"""Published texts: their rows, and their files in the data folder."""
