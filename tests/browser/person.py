"""A person at a real browser: keyboard only, in one language, with scripts or without."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from agreegate.i18n import text

MANY_STOPS = 250
"""Presses of the tab key after which an element counts as out of reach."""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_HAS_FOCUS = "element => element === document.activeElement"
_OUTLINE = "element => { const s = getComputedStyle(element); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; }"


@dataclass(frozen=True)
class Manner:
    """How a person uses the browser."""

    language: str = "en"
    scripts: bool = True
    dark: bool = False
    narrow: bool = False

    def __str__(self) -> str:
        words = [self.language, "scripts" if self.scripts else "plain"]
        return "-".join([*words, *(["dark"] if self.dark else []), *(["narrow"] if self.narrow else [])])


class Person:
    """Somebody who finds things by their names and gets there by the tab key."""

    def __init__(self, page: Page, url: str, manner: Manner) -> None:
        self.page = page
        self.url = url
        self.manner = manner
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("filechooser", lambda _: None)  # the driver is to take choosers over before the first is opened

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def t(self, key: str, **parameters: object) -> str:
        """A sentence of the product in the person's language."""
        return text(key, self.manner.language, **parameters)

    def go(self, path: str) -> None:
        """Type an address."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, user: str, path: str = "/") -> None:
        """Sign in by the link on the page and the button of the demo's sign-in page."""
        self.go(f"/sign-in?next={path}")
        self.press(self.page.get_by_role("button", name=re.compile(re.escape(user))))
        expect(self.page.get_by_text(user, exact=True).first).to_be_visible()

    def reach(self, target: Locator) -> None:
        """Press the tab key until the element has the focus, and see that the focus can be seen."""
        target.wait_for()
        for _ in range(MANY_STOPS):
            if target.evaluate(_HAS_FOCUS):
                assert target.evaluate(_OUTLINE), "the focus cannot be seen"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {target}")

    def press(self, target: Locator) -> None:
        """Reach a link or button and press it."""
        self.reach(target)
        self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()

    def button(self, key: str, **parameters: object) -> None:
        """Press the button with this sentence of the catalogue."""
        self.press(self.page.get_by_role("button", name=self.t(key, **parameters), exact=True).first)

    def link(self, key: str, **parameters: object) -> None:
        """Follow the link with this sentence of the catalogue."""
        self.press(self.page.get_by_role("link", name=self.t(key, **parameters), exact=True).first)

    def write(self, name: str, value: str) -> None:
        """Fill the field of this name by typing: what is in it is replaced."""
        field = self.field(name)
        self.reach(field)
        if field.get_attribute("type") == "date":
            self._type_date(field, value)
            return
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(value)

    def _type_date(self, field: Locator, value: str) -> None:
        """Type a date part by part, in the order in which this browser has the parts; an empty value clears them."""
        year, month, day = value.split("-") if value else ("", "", "")
        for parts in ((day, month, year), (month, day, year), (year, month, day)):
            field.blur()
            field.focus()
            for part in parts:
                self.page.keyboard.press("Backspace")
                if part:
                    self.page.keyboard.type(part)  # and the next part has the focus
                else:
                    self.page.keyboard.press("ArrowRight")
            if field.input_value() == value:
                return
        raise AssertionError(f"{value} cannot be typed")

    def tick(self, name: str, value: str | None = None) -> None:
        """Tick a box or choose a radio button."""
        chosen = self.page.locator(f"input[name='{name}']" + (f"[value='{value}']" if value else "")).first
        self.reach(chosen)
        if not chosen.is_checked():
            self.page.keyboard.press("Space")
        assert chosen.is_checked()

    def choose(self, name: str, value: str) -> None:
        """Choose from a list by the arrow keys. What follows shows what was chosen: a page may answer at once."""
        chosen = self.field(name)
        self.reach(chosen)
        places = "(list, to) => [...list.options].findIndex(one => one.value === to) - list.selectedIndex"
        steps = int(chosen.evaluate(places, value))
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")

    def choose_file(self, name: str, called: str, content: bytes) -> None:
        """Open the browser's own chooser from a field and take a file."""
        self.reach(self.field(name))
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files({"name": called, "mimeType": "application/octet-stream", "buffer": content})

    def reads_beside(self, target: Locator, words: str) -> None:
        """Follow a link that opens in another tab, and read there."""
        self.reach(target)
        with self.page.context.expect_page() as opened:
            self.page.keyboard.press("Enter")
        expect(opened.value.get_by_text(words).first).to_be_visible()
        opened.value.close()

    def field(self, name: str) -> Locator:
        """The field of this name on the page's own form."""
        return self.page.locator(f"main [name='{name}']:not([type=hidden])").first

    def sees(self, key: str, **parameters: object) -> None:
        """The page shows this sentence of the catalogue."""
        expect(self.page.get_by_text(self.t(key, **parameters)).first).to_be_visible()

    def reads(self, words: str) -> None:
        """The page shows these words."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def check(self) -> None:
        """The page as it is now: nothing for axe to find, nothing wider than the screen, nothing the browser refused."""
        where = f"{self.page.url} ({self.manner})"
        found = Axe().run(self.page, options=RULES).response["violations"]
        found = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in found]
        assert not found, f"{where}: {found}"
        assert not self.complaints, f"{where}: {self.complaints}"
        width, room = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width <= room, f"{where}: {width} px wide on a screen of {room}"


@contextmanager
def person(browser: Browser, url: str, manner: Manner) -> Iterator[Person]:
    """A person with a browser of their own."""
    context = browser.new_context(
        locale="fr-FR" if manner.language == "fr" else "en-GB",
        java_script_enabled=manner.scripts,
        color_scheme="dark" if manner.dark else "light",
        viewport={"width": 360 if manner.narrow else 1280, "height": 800},
        timezone_id="UTC",
    )
    context.set_default_timeout(15_000)
    try:
        yield Person(context.new_page(), url, manner)
    finally:
        context.close()
