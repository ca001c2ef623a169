"""A person at the dashboard: signed in through the provider, follows links, fills forms. No browser, no scripts."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from tests import personas as cast
from tests.dashboard.reading import Page, SeenForm
from tests.world import BASE_URL, World


class Reply:
    """What the visitor sees in the end, redirects followed."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.path = urlsplit(str(answer.url)).path
        self.page = Page(answer.text)
        self.text = self.page.text


class Visitor:
    """Somebody with a browser that has no scripts, and keeps cookies."""

    def __init__(self, world: World, language: str = "en", app: Any = None) -> None:
        self.world = world
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app or world.app),
            base_url=BASE_URL,
            headers={"accept": "text/html", "accept-language": language},
        )

    async def sign_in(self, user: str, after: str = "/") -> Reply:
        """Sign in as a user (by id), through the provider's own page."""
        asked = await self.client.get("/sign-in", params={"next": after})
        return await self.choose(asked.headers["location"], user)

    async def choose(self, authorize_url: str, user: str) -> Reply:
        """Be the user, at the provider's page, and come back."""
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.world.issuer)) as provider:
            chosen = await provider.post(authorize_url, data={"user": user})
        return await self.get(chosen.headers["location"])

    async def get(self, path: str, **headers: str) -> Reply:
        """Go to a page."""
        return Reply(await self.client.get(path, headers=headers, follow_redirects=True))

    async def send(self, path: str, form: SeenForm, **fields: str | list[str] | None) -> Reply:
        """Press the button of a form on the page at `path`, with some fields changed; None leaves a field out."""
        sent = {**form.fields, **{name: [value] if isinstance(value, str) else value for name, value in fields.items()}}
        data = {name: values for name, values in sent.items() if values is not None}
        target = urljoin(f"{BASE_URL}{path}", form.action or path)
        return Reply(await self.client.post(target, data=data, follow_redirects=True))

    async def fill(self, path: str, action: str | None = None, **fields: str | list[str] | None) -> Reply:
        """Open a page, fill the form on it and send it."""
        opened = await self.get(path)
        assert opened.status == 200, opened.text
        return await self.send(path, opened.page.form(action), **fields)

    async def close(self) -> None:
        await self.client.aclose()


async def visitor(world: World, user: str | None = cast.ALDER_SALES, language: str = "en") -> Visitor:
    """A visitor, signed in unless `user` is None."""
    found = Visitor(world, language)
    if user is not None:
        await found.sign_in(user)
    return found


def link_to(page: Page, pattern: str) -> str:
    """The first link of a page whose address fits."""
    return next(link for link in page.links if re.search(pattern, link))
