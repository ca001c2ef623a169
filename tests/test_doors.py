"""The three doors to a confirmation each have a name of their own for every member that a rule may name."""

from dataclasses import replace

from agreegate.api.confirmation_record import NAMES as REST
from agreegate.api.wire.agreement import NAMES as WIRE
from agreegate.dashboard.confirmation import FIELDS as FORM
from agreegate.domain.confirmation import violations_of
from tests.domain.test_confirmation import BROKEN, FACTS

NOT_ON_THE_WIRE = {"collection", "version"}
NOT_IN_THE_FORM = {"template_id", "employee", "employee.reference", "collection"}
"""Members that a form's user cannot get wrong: its page chooses them, or does not have them."""


def test_each_door_has_a_name_for_what_a_rule_names() -> None:
    facts = replace(FACTS, template=None, resellers=frozenset(), published=())
    found = [*violations_of(BROKEN, facts), *violations_of(BROKEN, replace(facts, resellers=None))]
    named = {name for violation in found for name in violation.names}
    assert named <= set(REST)
    assert {name for name in named if name.partition(".")[0] not in NOT_ON_THE_WIRE} == set(WIRE)
    assert named - NOT_IN_THE_FORM == set(FORM)
