"""The demo's cast as rows of a database, on either engine."""

from datetime import UTC, datetime
from typing import Any

import apsw

from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import index_words, spaced_words
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast


def populate(connection: Any) -> None:
    """The cast as rows; nothing is confirmed or bought. The connection is apsw's, or one like it on PostgreSQL."""
    start = to_micros(datetime(2018, 7, 1, tzinfo=UTC))
    partners = [
        (cast.ALDER, "Alder Distribution", "indirect_provider", "public", "production", "1000001", "alder.example", "US"),
        (cast.BIRCH, "Birch IT", "indirect_reseller", "public", "production", "1000002", "birch.example", "US"),
        (cast.HAZEL, "Hazel Cloud", "direct_bill", "public", "production", "1000003", "hazel.example", "US"),
        (cast.FIR, "Fir Government Services", "direct_bill", "us_government", "production", "1000004", "fir.example", "US"),
        (cast.OPERATOR, "The programme", "operator", "public", "production", None, "programme.example", "US"),
        (cast.MAPLE, "Maple Sandbox", "direct_bill", "public", "sandbox", "1000006", "maple.example", "US"),
        (cast.HORNBEAM, "Hornbeam Informatique", "indirect_reseller", "public", "production", "1000007", "hornbeam.example", "FR"),
    ]  # fmt: skip
    roles = {
        cast.ALDER_HELPDESK: "helpdesk_agent",
        cast.OPERATOR_USER: "programme_operator",
        cast.ALDER_ADMIN: "admin_agent",
        cast.HAZEL_ADMIN: "admin_agent",
        cast.FIR_ADMIN: "admin_agent",
        cast.MAPLE_ADMIN: "admin_agent",
    }
    customers = [
        (cast.ALDER, cast.CEDAR, "Cedar Bakery", "cedar.example", "US", (cast.BIRCH, cast.HORNBEAM)),
        (cast.HAZEL, cast.CEDAR, "Cedar Bakery", "cedar.example", "US", ()),
        (cast.ALDER, cast.DOGWOOD, "Dogwood Legal", "dogwood.example", "US", ()),
        (cast.HAZEL, cast.ELM, "Elm Studio", "elm.example", "US", ()),
        (cast.FIR, cast.GINKGO, "Ginkgo Agency", "ginkgo.example", "US", ()),
        (cast.ALDER, cast.FRENE, "Frêne Conseil", "frene.example", "FR", (cast.HORNBEAM,)),
    ]
    with connection:
        for partner in partners:
            connection.execute(
                "insert into partner (partner_id, name, kind, cloud, account, mpn_id, domain, country, culture,"
                " profile_etag, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, 'en-US', '1', ?)",
                (*partner, start),
            )
        for user, (partner_id, name) in cast.USERS.items():
            connection.execute(
                "insert into partner_user (partner_id, user_id, user_name, designated, created_at) values (?, ?, ?, ?, ?)",
                (partner_id, user, name, user == cast.ALDER_MARKETPLACE, start),
            )
            connection.execute(
                "insert into partner_user_role values (?, ?, ?)", (partner_id, user, roles.get(user, "sales_agent"))
            )
        for reseller in (cast.BIRCH, cast.HORNBEAM):
            connection.execute("insert into reseller_link values (?, ?, ?, null)", (cast.ALDER, reseller, start))
        for partner_id, customer, name, domain, country, resellers in customers:
            culture = "fr-FR" if country == "FR" else "en-US"
            connection.execute(
                "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
                " language, culture, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (partner_id, customer, customer, name, search_key(name), domain, country, culture[:2], culture, start),
            )
            connection.execute(
                "insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, ?)",
                (partner_id, customer, start),
            )
            for reseller in resellers:
                connection.execute(
                    "insert into customer_reseller values (?, ?, ?, ?)", (partner_id, customer, reseller, start)
                )
        if "tenant_domain" in tables_of(connection):
            connection.execute(
                "insert into tenant_domain select domain, min(customer_id) from customer group by domain"
            )
        index_names(connection)


def tables_of(connection: Any) -> list[str]:
    """The tables of a database; records of before lack some."""
    if isinstance(connection, apsw.Connection):
        return [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")]
    return [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]


def index_names(connection: Any) -> None:
    """Let customers whose rows were written here be found by their names, as the application does with a name."""
    if "customer_word" not in tables_of(connection):
        return  # a record of before: an upgrade does it
    connection.execute("delete from customer_word")
    for partner, customer, name in connection.execute(
        "select partner_id, customer_id, company_name from customer"
    ).fetchall():
        key, words = search_key(name), spaced_words(name)
        connection.execute(
            "update customer set company_key = ?, name_words = ? where partner_id = ? and customer_id = ?",
            (key, words, partner, customer),
        )
        connection.executemany(
            "insert into customer_word (partner_id, word, company_key, customer_id, name_words) values (?, ?, ?, ?, ?)",
            [(partner, word, key, customer, words) for word in index_words(name)],
        )
