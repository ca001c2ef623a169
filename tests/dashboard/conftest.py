"""Fixtures of the dashboard that stand with what they are made of."""

from tests.dashboard.routes import everybody

__all__ = ["everybody"]
