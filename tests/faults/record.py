"""The record on disk, looked at from outside."""

from pathlib import Path

import apsw

ONCE = (
    ("confirmation where request_id is not null", "partner_id, customer_id, request_id"),
    ("ending where request_id is not null", "partner_id, customer_id, request_id"),
    (
        "audit_record where operation_type in ('record_confirmation', 'end_confirmation')",
        "partner_id, operation_type, resource_id",
    ),
)
"""What a request, or a record, may be found in once."""


def check_file(path: Path) -> None:
    """The file is whole, and what belongs together was kept together."""
    look = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        assert look.pragma("integrity_check") == "ok"
        assert look.execute("pragma foreign_key_check").fetchall() == []
        not_newest = look.execute(
            "select * from current_confirmation n where n.sequence <> (select max(c.sequence) from confirmation c"
            " where c.partner_id = n.partner_id and c.customer_id = n.customer_id"
            " and c.agreement_type = n.agreement_type)"
        ).fetchall()
        twice = [  # by what could repeat: the keys of the rows cannot
            look.execute(f"select {columns} from {table} group by {columns} having count(*) > 1").fetchall()
            for table, columns in ONCE
        ]
        without = look.execute(
            "select confirmation_id from confirmation c where not exists (select 1 from confirmation_contact k"
            " where k.confirmation_number = c.number)"
            " or not exists (select 1 from audit_record a where a.resource_id = c.confirmation_id)"
        ).fetchall()
        unanswered = look.execute(
            "select c.request_id from confirmation c join confirmation_contact k on k.confirmation_number = c.number"
            " where k.first_name glob 'r[0-9]*w[0-9]*'"
            " and c.request_id not in (select request_id from idempotency)"
        ).fetchall()
    finally:
        look.close()
    assert (not_newest, without, unanswered) == ([], [], [])
    assert not any(twice), f"recorded twice: {twice}"
