"""Pages as a reader and a browser see them: their text, their links, and whatever could run or be styled in place."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """A page, taken apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.language: str | None = None
        self.links: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._text: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.ids.append(value or "")
            elif name == "aria-labelledby":
                self.labels.append(value or "")
            elif name == "lang" and tag == "html":
                self.language = value

    def handle_data(self, data: str) -> None:
        self._text.append(data)
