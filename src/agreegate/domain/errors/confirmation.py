"""A confirmation that cannot be recorded, or ended, as it was handed in (R15–R17, R28, R47)."""

from agreegate.domain.errors.rejected import Rejected


class InvalidEmail(Rejected):
    """The acceptor's e-mail address is not of the form of one (R16)."""

    key = "confirmation.invalid-email"


class AgreedInFuture(Rejected):
    """`dateAgreed` lies ahead of now by more than the tolerance (contract 4.2)."""

    key = "confirmation.agreed-in-future"


class TemplateUnknown(Rejected):
    """The programme has no agreement template of this id."""

    key = "confirmation.template-unknown"


class TemplateRetired(Rejected):
    """The agreement template `template` may no longer be confirmed."""

    key = "confirmation.template-retired"


class UserNotOfPartner(Rejected):
    """`userId` is not a user of the partner's tenant (R28)."""

    key = "confirmation.user-unknown"


class ConfirmationEnded(Rejected):
    """The request id was used for a confirmation that has ended since, or whose relationship has."""

    key = "confirmation.ended-since"


class AlreadyConfirmed(Rejected):
    """The current confirmation names the same contact and text, and the programme refuses repeats (contract 4.2, D17)."""

    key = "confirmation.already-exists"


class NotDesignated(Rejected):
    """The member `name` states the employee behind an account that is not a designated one (R28)."""

    key = "confirmation.not-designated"


class RelationshipOver(Rejected):
    """The relationship in which the confirmation was recorded has ended: nothing is stated about it any more."""

    key = "confirmation.relationship-over"


class NothingToEnd(Rejected):
    """There is no confirmation to take back, or the customer's refusal is recorded already."""

    key = "confirmation.nothing-to-end"
