"""Pages and their files are sent compressed, the wire never; and no page repeats the token of its form."""

import gzip

import pytest

from agreegate.dashboard.frame.form_token import is_same, is_token, masked, new_token, unmasked
from tests import personas as cast
from tests.dashboard.visitor import visitor
from tests.world import World

pytestmark = pytest.mark.fault("F4")
CEDAR = f"/customers/{cast.CEDAR}"
TOKEN = "_csrf_token"


@pytest.mark.parametrize(
    "path", ["/", "/customers", CEDAR, "/api/docs", "/static/htmx.min.js", "/static/agreegate.css"]
)
async def test_a_page_is_compressed_for_who_asks_for_it(world: World, path: str) -> None:
    someone = await visitor(world)
    async with someone.client.stream("GET", path, headers={"accept-encoding": "gzip, br"}) as answer:
        sent = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    plain = await someone.client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(gzip.decompress(sent)) == len(plain.content) > 2 * len(sent)


async def test_the_wire_is_never_compressed(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    for path in ("/v1/customers", f"/v1{CEDAR}/agreements", "/v1/auditrecords?startDate=2018-08-15", "/v1/nothing"):
        answer = await world.send(cast.ALDER_SALES, "GET", path, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in answer.headers, path


async def test_the_token_differs_on_each_page_and_each_is_good(world: World) -> None:
    someone = await visitor(world)
    pages = [(await someone.get(f"{CEDAR}/confirmation")).page.form() for _ in range(3)]
    tokens = [form.fields[TOKEN][0] for form in pages]
    plain = someone.client.cookies["agreegate-form"]
    assert len(set(tokens)) == 3
    assert not [one for one in tokens if plain in one or plain[:64] in one]
    for form in pages:
        refused = await someone.send(f"{CEDAR}/confirmation", form, email="no address")
        assert refused.status == 422
        again = refused.page.form().fields[TOKEN][0]
        assert again not in tokens
        assert unmasked(again) == plain


@pytest.mark.parametrize("change", [lambda sent: sent[:-1] + ("0" if sent[-1] != "0" else "1"), lambda sent: sent[2:] + sent[:2],
                                    lambda sent: sent[:128], lambda sent: "", lambda sent: sent * 2, lambda sent: "é" + sent])  # fmt: skip
async def test_a_changed_token_is_refused(world: World, change) -> None:
    someone = await visitor(world)
    form = (await someone.get(f"{CEDAR}/confirmation")).page.form()
    changed = change(form.fields[TOKEN][0])
    assert (await someone.send(f"{CEDAR}/confirmation", form, **{TOKEN: changed})).status == 403


async def test_a_token_is_taken_with_the_cookie_that_it_belongs_to_alone(world: World) -> None:
    someone = await visitor(world)
    form = (await someone.get(f"{CEDAR}/confirmation")).page.form()
    plain = someone.client.cookies["agreegate-form"]
    assert unmasked(form.fields[TOKEN][0]) == plain
    for made_up in ("0" * 128, plain[:64] + plain[:64], "%C3%A9", ""):
        someone.client.cookies.delete("agreegate-form")
        someone.client.cookies.set("agreegate-form", made_up, domain="127.0.0.1", path="/")
        assert (await someone.send(f"{CEDAR}/confirmation", form)).status == 403
        assert (await someone.send(f"{CEDAR}/confirmation", form, **{TOKEN: made_up})).status == 403
    form = (await someone.get(f"{CEDAR}/confirmation")).page.form()
    assert unmasked(form.fields[TOKEN][0]) == someone.client.cookies["agreegate-form"] not in ("", plain)
    assert (await someone.send(f"{CEDAR}/confirmation", form)).status == 422, "the form is ours again, and empty"


def test_a_token_is_signed_with_the_key_of_its_site() -> None:
    token = new_token("key")
    assert is_token(token, "key")
    assert is_same(masked(token), token)
    assert is_same(token, token)
    assert not is_same(masked(new_token("key")), token)
    assert not any(
        is_token(other, "key") for other in ("", "é", token[:-1], token + "0", token.upper(), new_token("k"))
    )


@pytest.mark.parametrize("given", ["", "x", "é", "0" * 127, "0" * 130, "g" * 128])
def test_what_is_no_token_is_not_masked(given: str) -> None:
    assert masked(given) == ""
    assert unmasked(given) == given
