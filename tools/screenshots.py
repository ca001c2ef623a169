"""Takes the pictures of the READMEs and of `docs/process.md` from a running demo: `make screenshots`, into `docs/screenshots/`.

They show the demo's made-up data on the day on which pages began to refuse.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import personas as cast
from tests.browser.conftest import FLAGS, chromium
from tests.browser.person import Manner, Person, person
from tests.faults.server import Server

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
AT = "2018-11-07T09:30:00Z"
USER = "sales@alder.example"
PAGES = {
    "overview": "/",
    "customers": "/customers",
    "customer": f"/customers/{cast.FRENE}",
    "confirmation": f"/customers/{cast.DOGWOOD}/confirmation",
    "tour": "/tour",
    "reconfirmations": "/reconfirmations",
    "standing": f"/customers/{cast.FRENE}/standing?on=2018-10-01&known-at=2018-10-25",
}
OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"
WIDTH, HEIGHT = 1100, 900


def main() -> int:
    """Take them all, in both languages."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "demo", at=AT)
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            for language in ("en", "fr"):
                with person(browser, server.url, Manner(language)) as someone:
                    _take_all(someone, language)
        finally:
            browser.close()
            server.kill()
    return 0


def _take_all(someone: Person, language: str) -> None:
    someone.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    someone.sign_in(USER)
    for name, path in PAGES.items():
        someone.go(path)
        _take(someone, f"{name}.{language}")
    someone.go(f"/customers/{cast.DOGWOOD}/order")
    someone.write("offer-0", OFFER)
    someone.write("name-0", "Office work (made up)")
    someone.write("quantity-0", "3")
    someone.button("order.place")
    _take(someone, f"order.{language}")


def _take(someone: Person, name: str) -> None:
    someone.page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
