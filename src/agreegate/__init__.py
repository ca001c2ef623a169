"""Agreegate: no acceptance, no order.

Records that a customer accepted a vendor's agreement, who says so and when, and gates a partner's transactions on it.
"""

from importlib.metadata import version

__version__ = version("agreegate")
