"""`agreegate token`: a bearer token of a demo user, from the demo that runs."""

import click

from agreegate.cli.words import Failure, Misuse, Words

EXAMPLE = """agreegate token sales@alder.example
curl -H "Authorization: Bearer $(agreegate token sales@alder.example)" http://127.0.0.1:8400/v1/agreements"""
SECONDS = 10.0


def command(words: Words) -> click.Command:
    """Return the command."""
    user = words.argument("user", "cli.token.user", "user")
    url = words.option("--url", "cli.token.url", "url", default="http://127.0.0.1:8400", show_default=True)
    return words.command("token", _token, [user, url], EXAMPLE)


def _token(words: Words, user: str, url: str) -> None:
    import httpx2

    form = {
        "grant_type": "password",
        "client_id": "agreegate-token",
        "username": user,
        "password": "demo",
        "scope": "https://api.partnercenter.microsoft.com/.default",
    }
    address = f"{url.rstrip('/')}/organizations/oauth2/v2.0/token"
    try:
        # The demo is on this machine: a proxy from the environment would be asked in vain.
        answer = httpx2.post(address, data=form, timeout=SECONDS, trust_env=False)
        content = answer.json()
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise Misuse(words("cli.token.not-a-url", url=url)) from error
    except (httpx2.HTTPError, ValueError) as error:
        raise Failure(words("cli.token.no-demo", url=url)) from error
    if not isinstance(content, dict) or not content.keys() & {"access_token", "error"}:
        raise Failure(words("cli.token.no-demo", url=url))
    if "access_token" not in content:
        raise Misuse(words("cli.token.refused", user=user, url=url))
    click.echo(content["access_token"])
