"""`agreegate agreements`: publish a version of an agreement's text from a folder, and list what is published.

`cli/simulation.py` shows what a version would do.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from agreegate.cli import simulation
from agreegate.cli.record import location_of, location_options, opened, programme_of
from agreegate.cli.words import Words, second
from agreegate.domain.agreements.text import Reach, TextDraft, TextFile, TextVersion, reaches
from agreegate.domain.programme import Programme
from agreegate.i18n import count_text
from agreegate.locales import locales
from agreegate.manifest import LARGEST, Manifest, find, read
from agreegate.services.agreements.text import at_command_line, list_texts, publish_text, review_text
from agreegate.storage.agreements.text_file import file_in, measured_in
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.toml_input import TomlFile

EXAMPLE_PUBLISH = """agreegate agreements publish ./cloud-agreement-2019 --dry-run
agreegate agreements publish ./cloud-agreement-2019"""
EXAMPLE_LIST = "agreegate agreements list"
_MANY = 5
"""With more files than this, the command says which file it reads."""


def command(words: Words) -> click.Group:
    """Return the group."""
    folder = words.argument("folder", "cli.agreements.publish.folder", "folder", type=click.Path(path_type=Path))
    programme = words.option("--programme", "cli.agreements.programme", "programme")
    return words.group(
        "agreements",
        words.command(
            "agreements.publish",
            _publish,
            [
                folder,
                words.option("--dry-run", "cli.agreements.publish.dry-run", is_flag=True),
                words.option("--allow-past", "cli.agreements.publish.allow-past", is_flag=True),
                programme,
                *location_options(words),
            ],
            EXAMPLE_PUBLISH,
        ),
        simulation.command(words),
        words.command("agreements.list", _list, [programme, *location_options(words)], EXAMPLE_LIST),
    )


async def _publish(
    words: Words,
    folder: Path,
    dry_run: bool,
    allow_past: bool,
    programme: str | None,
    data: Path,
    database: str | None,
) -> None:
    location = location_of(data, database)
    async with opened(location) as store:
        rules = await programme_of(store, programme)
        path = find(folder)
        manifest = read(TomlFile.at(path, LARGEST), locales())
        measured = measured_in(folder, manifest.names, _progress(words, len(manifest.names)))
        draft = manifest.draft(rules, measured, str(path))

        review = await store.read(lambda uow: review_text(uow, rules, draft, allow_past=allow_past))
        review.check()
        fresh = review.repeated is None
        if not dry_run:
            texts = location.texts(store)
            for name, file in measured.items():  # of a repeat too, which mends damaged files
                with file_in(folder, name) as source:
                    await texts.keep(source, file.digest)

            async def publish(uow: UnitOfWork) -> bool:
                actor = await at_command_line(uow)
                return (await publish_text(uow, actor, rules, draft, allow_past=allow_past)).fresh

            if fresh:
                fresh = await store.write(publish)
    if not fresh:
        click.echo(words("cli.agreements.nothing", label=draft.label))
        return
    for line in _described(words, rules, draft, manifest, measured):
        click.echo(line)
    click.echo(words("cli.agreements.would" if dry_run else "cli.agreements.published", label=draft.label))


def _progress(words: Words, count: int) -> Callable[[str], None]:
    """Return what says which file is being read, where there are many."""
    numbers = iter(range(1, count + 1))

    def report(name: str) -> None:
        if count > _MANY:
            click.echo(words("cli.agreements.reading", file=name, number=next(numbers), count=count), err=True)

    return report


def _described(
    words: Words, programme: Programme, draft: TextDraft, manifest: Manifest, files: Mapping[str, TextFile]
) -> Iterator[str]:
    """Yield the version, and each of its files with what it is and for how many countries and languages."""
    template = programme.template(draft.template_id)
    yield words(
        "cli.agreements.version",
        agreement=template.title if template else draft.template_id,
        label=draft.label,
        kind=words(f"cli.agreements.{'major' if draft.major else 'minor'}"),
        date=second(draft.effective_from),
    )
    pairs = Counter((*manifest.texts.values(), *manifest.shown_as.values()))
    for name, file in files.items():
        yield count_text(
            "cli.agreements.file",
            pairs[name],
            words.language,
            file=name,
            kind=file.media_type.ending,
            size=file.size,
            digest=file.digest,
        )


async def _list(words: Words, programme: str | None, data: Path, database: str | None) -> None:
    async with opened(location_of(data, database)) as store:
        rules, now = await programme_of(store, programme), store.clock()
        listed = await store.read(lambda uow: list_texts(uow, rules))
    for template, versions in listed:
        click.echo(f"{words('agreement.title', agreement=template.title)} {template.id}")
        reach = reaches(versions, now)
        for version in sorted(versions, key=lambda one: one.rank):
            click.echo(f"  {_listed(words, version, reach[version.id])}")
        if not versions:
            click.echo(f"  {words('cli.agreements.none')}")


def _listed(words: Words, version: TextVersion, reach: Reach) -> str:
    return count_text(
        "cli.agreements.listed",
        len(version.files),
        words.language,
        label=version.label,
        kind=words(f"cli.agreements.{'major' if version.major else 'minor'}"),
        date=second(version.effective_from),
        published=second(version.published_at),
        binding=reach.in_force,
        countries=reach.countries,
    )
