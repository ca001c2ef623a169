"""Each flow of the dashboard, by keyboard alone, in a real browser.

Each but the long ones is done once in `make test`, in turn in one of the four manners; `make browser-full` does each in all of them.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from agreegate.i18n import date_text
from tests import personas as cast
from tests.browser.person import Manner, Person, person
from tests.texts import docx, pdf

OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"
ALDER = "sales@alder.example"
OPTIONAL, REQUIRED = "2018-11-06T12:00:00Z", "2018-11-07T12:00:00Z"
MANNERS = [
    Manner("en", scripts=True),
    Manner("fr", scripts=False),
    Manner("en", scripts=False),
    Manner("fr", scripts=True),
]

Flow = Callable[[Person], None]
FLOWS: list[tuple[str, Flow]] = []
LONG: list[Flow] = []
"""Flows for `make browser-full` alone."""


def flow(at: str, *, long: bool = False) -> Callable[[Flow], Flow]:
    """A flow in a demo that is started at an instant."""

    def listed(work: Flow) -> Flow:
        FLOWS.append((at, work))
        LONG.extend([work] if long else [])
        return work

    return listed


def accept(someone: Person, email: str = "samuel@dogwood.example", on: str = "2018-11-01") -> None:
    """Fill the form for an acceptance."""
    someone.write("acceptor_first_name", "Samuel")
    someone.write("acceptor_last_name", "Okoro")
    someone.write("acceptor_email", email)
    someone.write("accepted_on", on)


def order(someone: Person, quantity: str = "3") -> None:
    """Fill the form for an order."""
    someone.write("offer-0", OFFER)
    someone.write("quantity-0", quantity)


@flow(REQUIRED)
def signing_in_and_out(someone: Person) -> None:
    someone.go("/")
    someone.press(someone.page.get_by_role("main").get_by_role("link", name=someone.t("sign-in.action")))
    someone.press(someone.page.get_by_role("button", name=re.compile(ALDER)))
    someone.reads(ALDER)
    someone.button("sign-in.out")
    expect(someone.page.locator(".reader")).not_to_contain_text(ALDER)


@flow(REQUIRED)
def changing_a_subscription_and_printing_the_record(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}")
    someone.press(someone.page.get_by_role("link", name=re.compile(someone.t("subscription.to-change"))).first)
    someone.link("subscription.ask.auto-renewal-off")
    someone.button("subscription.do.auto-renewal-off")
    someone.sees("subscription.auto-renewal.off")
    someone.link("explanation.title")
    someone.reads("Microsoft Cloud Agreement")
    someone.go(f"/customers/{cast.CEDAR}/record")
    someone.reads("Cedar Bakery")


@flow(REQUIRED)
def creating_a_customer_with_a_confirmation(someone: Person) -> None:
    someone.sign_in(ALDER, "/customers/new")
    fields = {
        "company": "Willow Weavers", "domain": "willow-weavers.example", "contact_first_name": "Ada",
        "contact_last_name": "Reed", "contact_email": "ada@willow-weavers.example", "contact_phone": "555-0100",
        "line1": "1 Main Street", "city": "Springfield", "state": "WA", "postal_code": "98052",
    }  # fmt: skip
    someone.button("new-customer.create")
    for name, value in fields.items():
        someone.write(name, value)
    someone.choose("country", "US")
    someone.tick("accepted")
    someone.write("accepted_on", "2018-11-05")
    someone.button("new-customer.create")
    someone.sees("new-customer.created-confirmed")
    someone.reads("Willow Weavers")


@flow(REQUIRED)
def ordering_with_the_form_in_place(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/order")
    order(someone)
    someone.button("order.place")
    someone.sees("customer.confirm")
    accept(someone)
    someone.button("form.save-and-continue")
    someone.sees("order.placed")


@flow(OPTIONAL)
def ordering_with_the_form_skipped(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/order")
    order(someone)
    someone.button("order.place")
    someone.button("transaction.skip")
    someone.sees("order.placed")


@flow(REQUIRED)
def abandoning_an_order(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/order")
    order(someone)
    someone.button("order.place")
    someone.button("transaction.cancel.order")
    someone.sees("order.abandoned")


@flow(REQUIRED)
def changing_seats_with_the_form_in_place(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}")
    someone.press(someone.page.get_by_role("link", name=re.compile(someone.t("subscription.to-seats"))).first)
    someone.write("quantity", "12")
    someone.button("seats.change")
    accept(someone)
    someone.button("form.save-and-continue")
    expect(someone.page.get_by_role("status")).to_contain_text("12")


@flow(REQUIRED)
def confirming_after_mistakes_and_a_warning(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/confirmation")
    accept(someone, email="not an address", on="2018-11-01")
    someone.button("confirmation.save")
    expect(someone.page.get_by_role("alert")).to_be_visible()
    expect(someone.field("acceptor_email")).to_have_attribute("aria-invalid", "true")
    assert someone.field("acceptor_first_name").input_value() == "Samuel"
    someone.write("acceptor_email", "samuel@alder.example")
    someone.button("confirmation.save")
    someone.sees("confirmation.warning.partner_domain")
    someone.button("confirmation.save")
    someone.sees("confirmation.saved", company="Dogwood Legal")


@flow(REQUIRED)
def asking_a_reseller(someone: Person) -> None:
    someone.sign_in("admin@alder.example", "/resellers")
    someone.press(someone.page.get_by_role("link", name="Hornbeam Informatique").first)
    someone.link("reseller.ask")
    someone.tick("customer")
    someone.button("reseller-request.save")
    someone.sees("reseller-request.noted")


@flow(REQUIRED)
def reading_what_to_give_to_the_provider(someone: Person) -> None:
    someone.sign_in("ventes@hornbeam.example", "/providers")
    someone.reads("Alder Distribution")
    someone.reads("Frêne Conseil")


@flow(REQUIRED)
def moving_the_clock(someone: Person) -> None:
    someone.sign_in(ALDER, "/")
    someone.press(someone.page.locator("summary", has_text="2018").first)
    someone.press(someone.page.locator("button[name=jump][value^='2019-03-22']"))
    expect(someone.page.locator("summary", has_text="2019").first).to_be_visible()


@flow(REQUIRED)
def reading_the_activity(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/confirmation")
    accept(someone)
    someone.button("confirmation.save")
    someone.sees("confirmation.saved", company="Dogwood Legal")
    someone.go("/activity")
    someone.reads("Dogwood Legal")


@flow(REQUIRED)
def refusing_and_then_cancelling_what_is_chosen(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.DOGWOOD}/no-longer-agrees")
    someone.button("no-longer-agrees.do")
    expect(someone.page.get_by_role("alert")).to_contain_text(someone.t("no-longer-agrees.sure-missing"))
    someone.write("note", "By phone.")
    someone.tick("sure")
    someone.button("no-longer-agrees.do")
    someone.sees("no-longer-agrees.recorded", company="Dogwood Legal")
    someone.tick("subscription")
    someone.button("no-longer-agrees.next")
    someone.sees("no-longer-agrees.final")
    someone.button("no-longer-agrees.cancel.one")
    someone.sees("no-longer-agrees.no-subscriptions")


@flow(REQUIRED)
def taking_back_what_was_recorded_in_error(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.CEDAR}/recorded-in-error")
    accepted = datetime(2018, 9, 3, 10, tzinfo=UTC)
    language = someone.manner.language
    someone.sees("ending.before", date=date_text(accepted, language), at=date_text(accepted, language))
    someone.write("note", "Another customer's data.")
    someone.button("ending.do")
    someone.sees("ending.done.before", company="Cedar Bakery")


@flow(REQUIRED)
def confirming_for_staff_without_an_account(someone: Person) -> None:
    someone.sign_in("marketplace@alder.example", f"/customers/{cast.DOGWOOD}/confirmation")
    accept(someone)
    someone.button("confirmation.save")
    expect(someone.field("employee_name")).to_have_attribute("aria-invalid", "true")
    someone.write("employee_name", "Robin Vale")
    someone.write("employee_email", "robin@alder.example")
    someone.choose("collected_through", cast.BIRCH)
    someone.write("collected_from", "Kim Marsh")
    someone.write("collected_on", "2018-11-02")
    someone.button("confirmation.save")
    someone.reads("Robin Vale")


@flow(REQUIRED)
def mending_what_would_fail_next(someone: Person) -> None:
    someone.sign_in(ALDER, "/")
    name = someone.t("customers.confirm.label", customer="Dogwood Legal")
    someone.press(someone.page.get_by_role("link", name=name).first)
    accept(someone)
    someone.button("confirmation.save")
    someone.sees("confirmation.saved", company="Dogwood Legal")


@flow(REQUIRED)
def reconfirming_in_order(someone: Person) -> None:
    someone.sign_in(ALDER, "/customers")
    someone.choose("state", "outdated")
    if not someone.manner.scripts:
        someone.button("customers.find")
    expect(someone.page.get_by_role("rowheader")).to_have_count(1)
    expect(someone.page.get_by_role("link", name="Juniper Optics", exact=True)).to_be_visible()
    someone.link("nav.reconfirmations")
    expect(someone.page).to_have_url(re.compile("/reconfirmations$"))
    someone.choose("due", "order")
    if not someone.manner.scripts:
        someone.button("customers.find")
    someone.sees("reconfirmations.nothing")
    someone.link("reconfirmations.all")
    name = someone.t("reconfirmations.do.label", customer="Juniper Optics")
    someone.press(someone.page.get_by_role("link", name=name))
    someone.write("accepted_on", "2018-11-05")
    someone.button("confirmation.save")
    someone.sees("confirmation.saved", company="Juniper Optics")
    expect(someone.page).to_have_url(re.compile("/reconfirmations$"))
    expect(someone.page.get_by_role("main").get_by_role("link", name="Juniper Optics")).to_have_count(0)


@flow(REQUIRED)
def finding_a_customer(someone: Person) -> None:
    someone.sign_in(ALDER, "/customers")
    someone.write("q", "dogw")
    if not someone.manner.scripts:
        someone.button("customers.find")
    expect(someone.page.get_by_role("link", name="Cedar Bakery")).to_have_count(0)
    someone.press(someone.page.get_by_role("link", name="Dogwood Legal", exact=True))
    someone.reads("dogwood.example")


@flow(REQUIRED)
def finding_the_agreement_of_a_country(someone: Person) -> None:
    someone.sign_in(ALDER, "/agreements")
    someone.write("q", "namib")
    if not someone.manner.scripts:
        someone.button("agreements.find")
    expect(someone.page.get_by_role("rowheader")).to_have_count(1)
    someone.press(someone.page.locator("main a[href^='/agreements/NA/']").first)
    someone.reads(someone.t("agreement.title", agreement="Microsoft Cloud Agreement"))


@flow(REQUIRED)
def walking_the_tour_of_the_dates(someone: Person) -> None:
    someone.sign_in(ALDER, "/tour")
    expect(someone.page.locator("main button[name=jump]")).to_have_count(8)
    someone.press(someone.page.locator("main button[name=jump][value^='2018-11-06']").first)
    order(someone)
    someone.button("order.place")
    someone.button("transaction.skip")
    someone.sees("order.placed")


@flow(REQUIRED)
def being_shown_the_answer_to_a_question(someone: Person) -> None:
    someone.sign_in(ALDER, "/questions")
    question = someone.page.locator("details", has_text=someone.t("question.L3")).first
    someone.press(question.locator("summary"))
    someone.press(question.get_by_role("link"))
    expect(someone.page).not_to_have_url(re.compile("/questions"))
    someone.reads("Dogwood Legal")


@flow(REQUIRED)
def publishing_a_version(someone: Person) -> None:
    someone.sign_in("operator@programme.example", "/agreements")
    someone.link("versions.title")
    someone.link("publication.title")
    someone.write("label", "2018-12")
    someone.tick("kind", "major")
    someone.write("note", "How long data are kept.")
    someone.choose_file("file-0", "english.docx", docx())
    someone.choose("language-0", "en-US")
    someone.choose_file("file-1", "contrat.md", b"# Contrat exemple\n")
    someone.choose("language-1", "fr-FR")
    someone.write("countries-1", "fr, lu")
    someone.button("publication.check")
    someone.sees("publication.nothing-yet")
    someone.reads("english.docx")
    reading = someone.page.get_by_role("link", name=re.compile(re.escape(someone.t("publication.read"))))
    someone.reads_beside(reading.nth(0), someone.t("text.offer.download"))
    someone.reads_beside(reading.nth(1), "Contrat exemple")
    someone.button("publication.publish")
    someone.sees("publication.done", label="2018-12")
    someone.link("versions.title")
    expect(someone.page.get_by_role("link", name="2018-12", exact=True)).to_be_visible()
    someone.sees("version.force.upcoming")


@flow(REQUIRED, long=True)
def publishing_a_word_document_with_the_pdf_to_show(someone: Person) -> None:
    someone.sign_in("operator@programme.example", "/agreements/publish")
    someone.write("label", "2018-10")
    someone.tick("kind", "major")
    someone.write("effective_date", "2018-11-02")
    for number, (language, country) in enumerate((("en-US", "US"), ("fr-FR", "FR"))):
        someone.choose_file(f"file-{number}", f"text{number}.docx", docx())
        someone.choose(f"language-{number}", language)
        someone.write(f"countries-{number}", country)
    someone.choose_file("pdf-0", "shown.pdf", docx())
    someone.button("publication.check")
    someone.tick("past")
    someone.choose_file("pdf-0", "shown.pdf", pdf())
    someone.button("publication.check")
    someone.sees("version.shown-as")
    someone.button("publication.publish")
    someone.sees("publication.done", label="2018-10")
    someone.button("sign-in.out")
    expect(someone.page.locator(".reader")).not_to_contain_text("operator@programme.example")
    someone.sign_in(ALDER, f"/customers/{cast.CEDAR}/confirmation")
    name = someone.t("confirmation.text", agreement="Microsoft Cloud Agreement")
    link = someone.page.get_by_role("link", name=name)
    shown = someone.page.context.request.get(f"{someone.url}{link.get_attribute('href')}")
    assert (shown.headers["content-type"], shown.body()) == ("application/pdf", pdf()), "what its customers read"
    with someone.page.expect_popup() as opened:
        someone.press(link)
    expect(opened.value).to_have_url(re.compile(r"/texts/preview/"))
    opened.value.close()
    someone.go(f"/customers/{cast.FRENE}/confirmation")
    with someone.page.expect_popup() as opened:
        someone.press(someone.page.get_by_role("link", name=name))
    for fact in (
        "MicrosoftCloudAgreement-2018-10-FR-fr-FR.docx",
        someone.t("text.offer.bytes", size=len(docx())),
        sha256(docx()).hexdigest(),
    ):
        expect(opened.value.get_by_text(fact)).to_be_visible()
    with opened.value.expect_download() as file:
        opened.value.get_by_role("link", name=someone.t("text.offer.download")).click()
    assert file.value.path().read_bytes() == docx()


@flow(REQUIRED)
def simulating_a_version_as_the_operator(someone: Person) -> None:
    someone.sign_in("operator@programme.example", "/agreements")
    someone.link("simulation.title")
    someone.write("countries", "QQ, FR")
    someone.button("simulation.ask")
    expect(someone.page.get_by_role("alert")).to_be_visible()
    someone.press(someone.page.get_by_role("alert").get_by_role("link").first)
    someone.write("countries", "all")
    someone.write("effective_from", "2019-01-01")
    someone.choose("rule", "refuse")
    someone.button("simulation.ask")
    someone.sees("simulation.result")
    expect(someone.page.get_by_role("rowheader", name="Alder Distribution")).to_be_visible()
    expect(someone.page.locator("main")).not_to_contain_text("Cedar Bakery")
    with someone.page.expect_download() as file:
        someone.link("simulation.file.counts")
    assert "Alder Distribution" in file.value.path().read_text("utf-8")


@flow(REQUIRED)
def simulating_a_version_as_a_partner(someone: Person) -> None:
    someone.sign_in(ALDER, "/agreements")
    someone.link("simulation.title")
    someone.write("weeks", "60")
    someone.button("simulation.ask")
    someone.sees("simulation.advises")
    with someone.page.expect_download() as file:
        someone.link("simulation.file.customers")
    assert "Cedar Bakery" in file.value.path().read_text("utf-8")
    someone.press(someone.page.get_by_role("link", name="Cedar Bakery"))
    someone.reads("cedar.example")


@flow(REQUIRED)
def reading_the_text_and_naming_the_version_that_was_accepted(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.CEDAR}/confirmation")
    name = someone.t("confirmation.text", agreement="Microsoft Cloud Agreement")
    with someone.page.expect_popup() as opened:
        someone.press(someone.page.get_by_role("link", name=name))
    expect(opened.value).to_have_url(re.compile(r"/texts/preview/"))
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    opened.value.close()
    oldest = someone.field("version").locator("option").last
    label = oldest.inner_text().partition(",")[0]
    someone.choose("version", str(oldest.get_attribute("value")))
    someone.write("accepted_on", "")
    someone.button("confirmation.save")
    expect(someone.page.get_by_role("alert")).to_be_visible()
    expect(someone.field("version")).to_have_value(re.compile("-"))
    someone.write("accepted_on", "2018-11-01")
    someone.button("confirmation.save")
    someone.sees("confirmation.saved", company="Cedar Bakery")
    someone.sees("record.text.stated", label=label)


@flow(REQUIRED)
def seeing_which_text_a_new_customer_accepts(someone: Person) -> None:
    someone.sign_in(ALDER, "/customers/new")
    shown = someone.page.locator("#text-now")
    expect(shown).to_contain_text("2018")
    someone.choose("country", "FR")
    if someone.manner.scripts:
        expect(shown).to_contain_text("France")
    someone.tick("accepted")
    someone.sees("confirmation.version.dated")


@flow(REQUIRED)
def looking_back_at_what_was_known(someone: Person) -> None:
    someone.sign_in(ALDER, f"/customers/{cast.FRENE}")
    someone.link("as-of.title")
    someone.sees("state.ended")
    someone.write("on", "2018-10-02")
    someone.write("known-at", "2018-10-01")
    someone.button("as-of.look")
    someone.sees("as-of.expected")
    someone.sees("state.current")
    someone.write("known-at", "2219-01-01")
    someone.button("as-of.look")
    expect(someone.page.get_by_role("alert")).to_be_visible()
    someone.press(someone.page.get_by_role("alert").get_by_role("link").first)
    someone.write("on", "2018-10-21")
    someone.write("known-at", "2018-11-01")
    someone.button("as-of.look")
    someone.sees("state.ended")


def cases() -> list[Any]:
    """Every flow in every manner; those beyond the first of each flow are for `make browser-full`."""
    return [
        pytest.param(at, work, manner, id=f"{work.__name__}-{manner}", marks=[] if (place + turn) % 4 == 0 and work not in LONG else [pytest.mark.full])
        for place, (at, work) in enumerate(FLOWS)
        for turn, manner in enumerate(MANNERS)
    ]  # fmt: skip


@pytest.mark.parametrize(("at", "work", "manner"), cases())
def test_flow(browser: Browser, demo: Callable[..., Any], at: str, work: Flow, manner: Manner) -> None:
    server = demo(at)
    with person(browser, server.url, manner) as someone:
        work(someone)
        assert not someone.complaints
