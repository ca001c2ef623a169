"""Measures the product against the limits of its design, as ratios of two sides measured in the same run."""
