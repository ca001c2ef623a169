"""The accepted text of a current confirmation that was recorded before the text was recorded with it."""

from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.engine import schema
from tests import personas as cast
from tests.storage.records import old_record

RECORDED = f"""
    insert into text_version values ('{cast.CLOUD_AGREEMENT}', 1, 'v1', '1', 1, '', 10, 10, 'tests', 1);
    insert into text_version values ('{cast.CLOUD_AGREEMENT}', 2, 'v2', '2', 1, '', 20, 20, 'tests', 1);
    insert into confirmation values ('{cast.ALDER}', '{cast.CEDAR}', 1, 'c1', 1, '{cast.CLOUD_AGREEMENT}', 'A', 25, 'u', 'u',
      'api', null, 30);
    insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,
      date_agreed_at, recorded_at) values ('{cast.ALDER}', '{cast.CEDAR}', 'A', 1, 1, '{cast.CLOUD_AGREEMENT}', 25, 30);
"""
TEXT = f"insert into confirmation_text values ('{cast.ALDER}', '{cast.CEDAR}', 1, 'stated', 'v2', null, null, null)"
NOTHING_SAID = (
    f"insert into confirmation_text values ('{cast.ALDER}', '{cast.CEDAR}', 1, 'undetermined', null, null, null, null)"
)
KNOWN = "select text_at, text_number from current_confirmation"


def test_an_upgrade_takes_it_from_the_texts_recorded_before() -> None:
    unknown = (25, UNKNOWN_TEXT)
    for statement, expected in ((TEXT, (20, 2)), (NOTHING_SAID, unknown), ("", unknown)):
        connection = old_record(4)
        connection.execute(RECORDED + statement)
        assert schema.upgrade(connection) >= 1
        assert connection.execute(KNOWN).fetchall() == [expected]
