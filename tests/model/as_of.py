"""What a look back answers, a second time: the model that the product is compared with.

Written from the words of docs/as-of.md alone: lists, dictionaries and dates, and nothing of the
product. An *event* is a dictionary: what it `did`, `at` which recorded instant. Events stand in the order of recording,
which is not that of their instants where a clock was set back. D is the day asked about, K the day of the records.
"""

from datetime import UTC, datetime, time, timedelta

OPENS = {"cloud": datetime(1, 1, 1, tzinfo=UTC), "customer": datetime(2019, 10, 1, tzinfo=UTC)}


def did(events, what, k):
    """What was recorded by K."""
    return [e for e in events if e["did"] == what and e["at"] <= k]


def relationship(events, d, k):
    """The period that contains D, as it was known at K: from its beginning on, up to but without its end."""
    found = None
    for began in did(events, "began", k):
        ends = [e["at"] for e in did(events, "parted", k) if e["period"] == began["period"]]
        if began["at"] <= d and not (ends and ends[0] <= d):
            found = began
    return found


def valid_from(events, one, k):
    """When the customer accepted, or when it was recorded if that was first; never behind a recorded no-longer-agrees."""
    before = did(events[: events.index(one)], "refused", k)
    return one["at"] if any(no["at"] > one["agreed"] for no in before) else min(one["agreed"], one["at"])


def begun(events, agreement, d, k):
    """Confirmations known at K that had come into effect by D, and were not recorded in error as far as K knows."""
    erred = [e["of"] for e in did(events, "erred", k)]
    known = [e for e in did(events, "confirmed", k) if e["agreement"] == agreement and e["id"] not in erred]
    return [e for e in known if valid_from(events, e, k) <= d]


def refused_since(events, one, d, k):
    """The customer no longer agreed: recorded later than the confirmation, by D and by K."""
    return bool(did(events[events.index(one) :], "refused", min(d, k)))


def in_effect(events, agreement, d, k):
    """The newest, by place, of those that belong to the relationship of the day and were not refused since."""
    now = relationship(events, d, k)
    left = [
        e
        for e in begun(events, agreement, d, k)
        if now and e["period"] == now["period"] and not refused_since(events, e, d, k)
    ]
    return left[-1] if left else None


def latest(one):
    """The last instant of acceptance that the date allows: midnight stands for its day, as far as it had gone."""
    if one["agreed"].time() != time():
        return one["agreed"]
    return min(one["agreed"] + timedelta(days=1, microseconds=-1), max(one["at"], one["agreed"]))


def outdated_since(events, one, d, k):
    """The first effect of a major text for the customer's country that comes after the accepted one, or after the date."""
    known = did(events, "published", k)
    bound = (one["text"]["from"], one["text"]["number"]) if one["text"] else (latest(one), float("inf"))
    asks = [t for t in known if t["agreement"] == one["agreement"] and t["major"] and t["here"] and t["from"] <= d]
    return min((t["from"] for t in asks if (t["from"], t["number"]) > bound), default=None)


def state(events, agreement, d, k):
    """One word; None without a relationship."""
    if relationship(events, d, k) is None:
        return None
    if one := in_effect(events, agreement, d, k):
        since = outdated_since(events, one, d, k)
        if since is None:
            return "current"
        ran = [min(e["due"], e["at"]) for e in did(events, "renewed", k)]
        return "overdue" if any(max(since, one["agreed"]) < at <= d for at in ran) else "outdated"
    if not did(events, "refused", min(d, k)):
        return "missing"
    answered = any(in_effect(events, other, d, k) and opens <= d for other, opens in OPENS.items())
    own = any(refused_since(events, e, d, k) for e in begun(events, agreement, d, k))
    return "ended" if own or not answered else "missing"
