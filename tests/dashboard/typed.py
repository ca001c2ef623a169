"""What people type into forms and names, hostile names included."""

from typing import Any

from tests.operations import OFFER

HOSTILE = "<script>alert(1)</script>"

RIGHT_TO_LEFT = "شركة الأرز للحلويات"

LONG = "W" * 200


HOSTILE_NAMES = {
    "script": "<script>alert(1)</script>",
    "formula": "=HYPERLINK(1)",
    "hebrew": "\u05d7\u05d1\u05e8\u05d4 \u05d1\u05e2\u05f4\u05de",
    "long": "W" * 200,
}


COMPANY: dict[str, str] = {
    "company": "Oak Furniture",
    "domain": "oak.example",
    "country": "US",
    "culture": "en-US",
    "contact_first_name": "Ida",
    "contact_last_name": "Falk",
    "contact_email": "ida@oak.example",
    "contact_phone": "5550123",
    "line1": "1 Plank Street",
    "city": "Tacoma",
    "state": "WA",
    "postal_code": "98401",
}

ACCEPTED: dict[str, Any] = {"accepted": "yes", "accepted_on": "2018-08-14"}


LINE = {"offer-0": OFFER, "name-0": "Office", "quantity-0": "12", "term-0": "P3Y", "cycle": "annual"}

SMALL_COMPANY = {
    "company": "Oak", "domain": "oak.example", "contact_first_name": "Ida", "contact_last_name": "Falk",
    "contact_email": "ida@oak.example", "line1": "1 Plank Street", "city": "Tacoma",
}  # fmt: skip
