"""Reads programme files: one vendor's dates and rules as TOML (decision 0017). A malformed file stops the start."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field
from msgspec.structs import asdict

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import is_catalog_item
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.toml_input import LARGEST_NUMBER, Guid, Table, TomlFile

DEFAULT = "microsoft-cloud-agreement"
LARGEST = 1024 * 1024
"""Bytes of a programme file."""

EXTENSIONS = frozenset({"stale_rule", "stale_from"})
"""Keys that go beyond the published process (decision 0017)."""


class _Template(Table, kw_only=True):
    id: Guid
    agreement_type: Annotated[
        AgreementType, Meta(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}\Z", extra={"code": "programme.bad.agreement_type"})
    ]
    link: Annotated[str, Meta(pattern=r"^https?://[^\s]{1,500}\Z", extra={"code": "programme.bad.link"})]
    version_rank: Annotated[int, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)] = 0
    opens_from: datetime | None = None
    opens_until: datetime | None = None
    confirm_until: datetime | None = None
    duplicates_refused_from: datetime | None = None


class _Enforcement(Table, kw_only=True):
    dashboard: datetime | None = None
    api: datetime | None = None


class _Programme(Table, kw_only=True):
    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z", extra={"code": "programme.bad.name"})]
    version: Annotated[int, Meta(ge=1, le=LARGEST_NUMBER, extra={"code": "programme.not-positive"})]
    title: Annotated[str, Meta(pattern=r"^.{1,100}\Z", extra={"code": "programme.bad.title"})]
    starts: datetime
    default_agreement_type: AgreementType
    template: tuple[_Template, ...]
    enforce_from: _Enforcement = field(default_factory=_Enforcement)
    unsupported_clouds: frozenset[Cloud] = frozenset()
    trial_offers: Annotated[frozenset[str], Meta(extra={"code": "programme.not-offer"})] = frozenset()
    stale_rule: StaleRule = StaleRule.ADVISE
    stale_from: datetime | None = None


def shipped() -> tuple[str, ...]:
    """Return the names of the programmes that come with the product."""
    return tuple(stem for stem in _stems() if "@" not in stem)


def _stems() -> tuple[str, ...]:
    """Return the names of the files that come with the product: the newest version as `name`, older ones as `name@version`."""
    entries = (files("agreegate") / "programmes").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


def load(name: str = DEFAULT) -> Programme:
    """Return the newest version of a shipped programme by its name, or the programme in a `.toml` file by its path.

    A name with a version, such as `microsoft-cloud-agreement@1`, loads exactly that version, so that a recorded decision
    can be made again by the rules of its `policy`.

    Raises:
        Rejected: there is none, or the file is malformed; it says file, line, field and reason.
    """
    if name.endswith(".toml"):
        file = TomlFile.at(Path(name), LARGEST)
        programme = read(file)
        if programme.name in shipped():  # decisions keep the name: it must not mean two sets of rules
            raise file.refused("programme.name-taken", name="name", detail=programme.name)
        return programme
    for stem in (name, name.partition("@")[0]):
        if stem in _stems():
            shipped_file = files("agreegate") / "programmes" / f"{stem}.toml"
            programme = read(TomlFile(shipped_file.read_text(encoding="utf-8"), shipped_file.name))
            if name in (programme.name, programme.policy):
                return programme
    raise Rejected("programme.unknown", file=name, detail=", ".join(shipped()))


def read(file: TomlFile) -> Programme:
    """Return the programme in a file.

    Raises:
        Rejected: what is wrong, and where.
    """
    table = file.read(_Programme)
    if not table.template:
        raise file.refused("programme.empty", name="template")
    for number, template in enumerate(table.template):
        earlier = table.template[:number]
        if template.id in {one.id for one in earlier}:
            raise file.refused("programme.twice", name=f"template[{number}].id")
        if template.agreement_type in {one.agreement_type for one in earlier}:
            raise file.refused("programme.twice", name=f"template[{number}].agreement_type")
        if template.opens_from and template.opens_until and template.opens_until <= template.opens_from:
            raise file.refused("programme.closes-first", name=f"template[{number}].opens_until")
    if table.default_agreement_type not in {template.agreement_type for template in table.template}:
        raise file.refused("programme.no-such-type", name="default_agreement_type", detail=table.default_agreement_type)
    if table.stale_from is not None and table.stale_rule is not StaleRule.REFUSE:
        raise file.refused("programme.grace-needs-refuse", name="stale_from")
    if not all(map(is_catalog_item, table.trial_offers)):
        raise file.refused("programme.not-offer", name="trial_offers")
    return Programme(
        name=table.name,
        version=table.version,
        title=table.title,
        starts=table.starts,
        default_agreement_type=table.default_agreement_type,
        templates=tuple(AgreementTemplate(**asdict(one) | {"id": TemplateId(str(one.id))}) for one in table.template),
        enforce_from={channel: getattr(table.enforce_from, channel) for channel in Channel},
        unsupported_clouds=table.unsupported_clouds,
        trial_offers=frozenset(offer.lower() for offer in table.trial_offers),
        stale_rule=table.stale_rule,
        stale_from=table.stale_from,
    )
