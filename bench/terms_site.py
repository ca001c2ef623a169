"""A minimal Django site with django-termsandconditions, on SQLite and behind gunicorn.

Users, sessions and CSRF protection are Django's own, and the terms' middleware guards `/order/`. A commit is as durable as
the product's: a write-ahead log, synced at each. The cache has its default setting: in each process, for 30 seconds.
"""

import os
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

USERS = 40_000
"""Half of them have accepted."""


def configure(folder: Path) -> None:
    """Set Django up on the database in a folder."""
    settings.configure(
        SECRET_KEY="made-up" * 8,
        ALLOWED_HOSTS=["127.0.0.1"],
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages", "sessions")),
            "termsandconditions",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "termsandconditions.middleware.TermsAndConditionsRedirectMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "site.db",
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": "pragma journal_mode = wal; pragma synchronous = full",
                },
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    settings.ROOT_URLCONF = (path("terms/", include("termsandconditions.urls")), path("order/", order))


def fill(folder: Path) -> None:
    """Make the terms and the users, each signed in. Session keys go to `accepted.txt` and `open.txt`."""
    call_command("migrate", verbosity=0)
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.contrib.sessions.models import Session  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from termsandconditions.models import TermsAndConditions, UserTermsAndConditions  # noqa: PLC0415

    user_class, now, store = get_user_model(), timezone.now(), SessionStore()
    terms = TermsAndConditions.objects.create(slug="site-terms", name="Made up", text="Made up", date_active=now)
    users = user_class.objects.bulk_create(
        user_class(username=f"user{number}", password="!") for number in range(USERS)
    )
    accepted = users[: USERS // 2]
    UserTermsAndConditions.objects.bulk_create(UserTermsAndConditions(user=user, terms=terms) for user in accepted)
    keys = [secrets.token_hex(16) for _ in users]
    Session.objects.bulk_create(
        Session(
            session_key=key,
            session_data=store.encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=now + timedelta(days=1),
        )
        for key, user in zip(keys, users, strict=True)
    )
    for name, chosen in (("accepted", keys[: len(accepted)]), ("open", keys[len(accepted) :])):
        (folder / f"{name}.txt").write_text("\n".join(chosen))


def order(_: HttpRequest) -> HttpResponse:
    """Answer a user who has accepted; the terms' middleware redirects every other user."""
    return HttpResponse("allowed")


# What gunicorn reads as its configuration (`--config python:bench.terms_site`).
worker_class, threads, loglevel = "gthread", 4, "error"


def when_ready(server: Any) -> None:
    """Print that the site is ready."""
    print(f"ready http://{server.app.cfg.bind[0]}", flush=True)


def application() -> Callable[..., Any]:
    """Return the site on the database in the folder that the environment names."""
    configure(Path(os.environ["TERMS_FOLDER"]))
    return get_wsgi_application()


def main() -> int:
    """Make the database in a folder."""
    folder = Path(sys.argv[1])
    configure(folder)
    fill(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
