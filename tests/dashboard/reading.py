"""Pages as a reader and a browser see them: their text, links, forms, and whatever could run or be styled in place."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

EVERYWHERE = ("/sign-out", "/clock")
"""Where the forms lead that are on every page."""


@dataclass
class SeenForm:
    """A form, with what it would send if its button were pressed now."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """Every field there is, whether it would be sent or not."""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of each button that sends it."""


class Page(HTMLParser):
    """A page, taken apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.language: str | None = None
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.forms: list[SeenForm] = []
        self._text: list[str] = []
        self._form: SeenForm | None = None
        self._select: str | None = None
        self._area: str | None = None
        self.feed(html)
        self.text = " ".join(" ".join(self._text).split())

    def form(self, action: str | None = None) -> SeenForm:
        """The form that is sent to an address; without one, the page's own: the last that is not for signing out."""
        if action is not None:
            return next(form for form in self.forms if form.action == action)
        return [form for form in self.forms if form.method == "post" and not form.action.startswith(EVERYWHERE)][-1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.attributes.update(given)
        if "href" in given:
            self.links.append(given["href"])
        if "id" in given:
            self.ids.append(given["id"])
        if "aria-labelledby" in given:
            self.labels += given["aria-labelledby"].split()
        if tag == "html":
            self.language = given.get("lang")
        if tag == "script" and "src" in given:
            self.scripts.append(given["src"])
        if tag == "form":
            self._form = SeenForm(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        if self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: SeenForm, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if name:
            form.names.add(name)
        if tag == "input" and name:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked:
                form.fields.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = [given.get("value", "")]
        elif tag == "textarea" and name:
            self._area = name
            form.fields[name] = [""]
        elif tag == "button":
            form.buttons.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        self._text.append(data)
        if self._form is not None and self._area is not None:
            self._form.fields[self._area][0] += data.removeprefix("\n")


def assert_sound(page: Page) -> None:
    """A page has one heading, ids that are its own, labels that lead to one, and nothing that runs or is styled in place."""
    assert page.tags.count("h1") == 1, page.text
    assert len(page.ids) == len(set(page.ids)), page.text
    assert set(page.labels) <= set(page.ids), page.text
    assert page.tags.count("script") == len(page.scripts), page.text
    assert not {one for one in page.attributes if one == "style" or one.startswith("on")}, page.text


def lines(page: Page) -> list[str]:
    """The lines of the list."""
    body = page.html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [Page(row).text for row in body.split("<tr>")[1:]]
