"""Errors: a rule rejects a request, or the record cannot be reached."""

import re
from collections.abc import Mapping
from typing import Literal, Self

_PLACE = re.compile(r"\[\d*\]")

RequestCode = Literal[
    "access.action-not-allowed",  # only a sandbox account may do it
    "access.denied",
    "access.reseller",  # answered with an empty body (contract 3.6, third form)
    "access.role",
    "access.unauthenticated",
    "access.user-required",  # an agreement operation with an App-only token (contract 3.2)
    "audit.too-old",
    "cart.faulty",  # the cart says which line, and why
    "cart.not-found",
    "cart.submitted",
    "clock.behind",  # the client may send the same call again
    "confirmation.agreed-in-future",
    "confirmation.already-exists",  # only where the programme rejects repeats (contract 4.2, decision 0017)
    "confirmation.ended-since",  # a repeated call whose confirmation has ended
    "confirmation.feature-absent",  # not in this cloud, or not yet at this date (R1, R31)
    "confirmation.invalid-email",  # R16
    "confirmation.not-designated",  # R28
    "confirmation.nothing-to-end",
    "confirmation.relationship-over",
    "confirmation.template-retired",
    "confirmation.template-unknown",
    "confirmation.user-unknown",  # R28
    "customer.country-meant",
    "customer.country-unknown",
    "customer.domain-taken",
    "customer.phone-missing",
    "customer.registration-malformed",
    "customer.registration-missing",
    "customer.registration-not-supported",
    "customer.reseller-not-linked",
    "customer.search-unsupported",
    "defect",  # never raised: the answer to every other exception
    "gate.ended",  # never raised: these three are the wire's codes for a denial
    "gate.outdated",
    "gate.refused",
    "order.invalid-offer",
    "order.line-numbers",
    "order.not-found",
    "order.not-processable",
    "order.too-many-subscriptions",
    "partner.mpn-not-numeric",
    "partner.named-twice",
    "partner.not-named",
    "partner.unknown",
    "relationship.missing",  # an unknown customer and somebody else's are answered alike (decision 0018)
    "relationship.subscriptions-active",
    "request.cookies-too-large",
    "request.etag-stale",
    "request.files-too-large",
    "request.head-too-large",
    "request.host-unknown",
    "request.id-reused",  # with another body, or by somebody else (contract 3.10)
    "request.invalid",  # not JSON, wrong encoding, nested too deep
    "request.invalid-choice",
    "request.invalid-instant",
    "request.invalid-parameter",
    "request.invalid-property",
    "request.malformed",  # not HTTP
    "request.malformed-id",
    "request.method-not-allowed",
    "request.not-acceptable",  # the caller accepts no JSON (contract 3.3)
    "request.not-found",
    "request.not-utf8",
    "request.recorded-alone",
    "request.recorded-at-now",
    "request.target-too-long",
    "request.throttled",  # contract 3.8
    "request.too-large",
    "request.too-many-connections",
    "request.too-many-parameters",
    "request.too-slow",
    "as-of.known-ahead",
    "sandbox.limit",
    "sign-in.again",
    "sign-in.provider-silent",
    "store.unavailable",
    "subscription.billing-cycle-fixed",
    "subscription.ended",
    "subscription.not-auto-renewable",
    "subscription.not-convertible",
    "subscription.not-found",
    "subscription.parent-not-active",
    "subscription.quantity-out-of-range",
    "subscription.suspended",
    "subscription.suspended-quantity",
    "text.country-in-capitals",
    "text.country-without",
    "text.docx-active",
    "text.docx-remote",
    "text.docx-runs",
    "text.docx-too-dense",
    "text.docx-wordless",
    "text.effective-in-past",
    "text.empty",
    "text.label-taken",
    "text.link-expired",
    "text.locale-unknown",
    "text.missing",
    "text.name-without-kind",
    "text.not-docx",
    "text.not-markdown",
    "text.not-pdf",
    "text.pdf-attachment",
    "text.pdf-damaged",
    "text.pdf-launch",
    "text.pdf-password",
    "text.pdf-script",
    "text.shown-as-unfit",
    "text.too-complex",
    "text.too-large",
    "text.version-unknown",
]
"""Errors that a request may get."""
CommandCode = Literal[
    "backup.damaged",
    "backup.exists",
    "backup.foreign",
    "backup.newer",
    "backup.onto-itself",
    "backup.text-damaged",
    "copy.no-record",
    "copy.not-empty",
    "copy.onto-itself",
    "copy.other-source",
    "data.behind",  # commits are missing
    "data.copy-differs",
    "data.copy-refused",
    "data.copy-text-damaged",
    "data.damaged",
    "data.demo",
    "data.gone",
    "data.in-use",
    "data.missing",
    "data.other-programme",
    "database.no-page-role",
    "database.no-roles",
    "database.no-room",
    "database.no-standby",
    "database.not-durable",
    "database.owner",
    "database.superuser",
    "demo.not-a-demo",
    "demo.other-programme",
    "directory.active-subscriptions",
    "directory.customers-of-seller",
    "directory.empty",
    "directory.not-a-reseller",
    "directory.not-country",
    "directory.not-culture",
    "directory.not-domain",
    "directory.not-email",
    "directory.not-linked",
    "directory.not-number",
    "directory.not-text",
    "directory.other-cloud",
    "directory.resellers-of-provider",
    "directory.role-of-operator",
    "directory.taken",
    "file.not-plain",
    "file.not-utf8",
    "file.too-large",
    "file.unreadable",
    "key-file.unusable",  # empty, cut off or no key of ours; the file is left as it is
    "manifest.locale-twice",
    "manifest.no-such-language",
    "manifest.no-such-template",
    "manifest.none",
    "manifest.not-countries",
    "manifest.outside",
    "manifest.several",
    "programme.bad.agreement_type",
    "programme.bad.link",
    "programme.bad.name",
    "programme.bad.title",
    "programme.closes-first",
    "programme.empty",
    "programme.grace-needs-refuse",
    "programme.name-taken",
    "programme.no-such-type",
    "programme.not-offer",
    "programme.not-positive",
    "programme.twice",
    "programme.unknown",
    "restore.data-exists",
    "schema.changed",
    "schema.foreign",
    "schema.newer",
    "schema.no-rights",
    "schema.older",
    "schema.unfinished-copy",
    "serve.address.denied",
    "serve.address.in-use",
    "serve.address.not-ours",
    "serve.address.unusable",
    "setting.missing",
    "setting.not-a-database",
    "setting.not-a-file",
    "setting.not-a-machine",
    "setting.not-a-number",
    "setting.not-a-secret",
    "setting.not-a-url",
    "setting.not-an-address",
    "setting.not-an-origin",
    "setting.not-positive",
    "setting.one-worker",
    "setting.roles-one-worker",
    "simulation.country-unknown",
    "simulation.date-out-of-range",
    "simulation.grace-needs-refuse",
    "simulation.in-effect",
    "simulation.no-country",
    "simulation.template-unknown",
    "simulation.version-ambiguous",
    "simulation.version-unknown",
    "simulation.weeks",
    "simulation.window-over",
    "toml.missing",
    "toml.not-boolean",
    "toml.not-date",
    "toml.not-guid",
    "toml.not-list",
    "toml.not-number",
    "toml.not-one-of",
    "toml.not-table",
    "toml.not-text",
    "toml.not-toml",
    "toml.unknown-field",
]
"""Errors that only a command may get."""
ErrorCode = Literal[RequestCode, CommandCode]
"""The code of an error for programs, and the key of its sentence in the catalogues."""


class Rejected(Exception):
    """A request breaks a rule, and changed nothing."""

    def __init__(self, code: ErrorCode, *names: str, **parameters: str | int) -> None:
        """Name the rule.

        Args:
            names: the subjects of the error, for programs; defaults to the parameter `name`.
            parameters: the placeholders of the sentence; never personal data.
        """
        super().__init__(code)
        self.code = code
        self.parameters = parameters
        self.names = names or ((str(parameters["name"]),) if "name" in parameters else ())

    def expect(self, *codes: ErrorCode) -> None:
        """Raise the error again unless it has one of these codes."""
        if self.code not in codes:
            raise self

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Return the error with its member under another name; unchanged where `names` has no name for it.

        Args:
            names: the edge's name for each member of the domain. A list's member has no place in it: `lines[].offer_id`.
        """
        name = str(self.parameters.get("name", ""))
        given, places = names.get(_PLACE.sub("[]", name)), iter(_PLACE.findall(name))
        if given is None:
            return self
        return type(self)(self.code, **self.parameters | {"name": _PLACE.sub(lambda _: next(places), given)})


class StoreUnavailable(Exception):
    """The record cannot be read or written now; the gate then denies (decision 0015)."""
