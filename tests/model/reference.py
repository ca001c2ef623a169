"""What the rules say, a second time: the model that the product is compared with.

Written from the published process alone (rules R1 to R47, contract 4.11 and 4.14): dictionaries, lists and dates, and
nothing of the product. It may be slow and must be plain.

A *history* is the list of what happened between one partner and one customer, oldest first:
`began`, `parted`, `confirmed`, `erred` (a confirmation was recorded in error) and `refused` (no longer agrees).
A *text* is a published version: its agreement, whether it is major, the countries where it binds, and from when; texts
stand in the order of publishing. A *duty* is what an outdated confirmation asks for.
A *subscription* is a dictionary too; what is done to it gives another one, or the key of the rule that forbids it.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


EVER, NEVER = day("0001-01-01"), day("9999-12-31")
STARTS = day("2018-08-07")
DATES = {"dashboard": day("2018-11-07"), "api": day("2019-03-22")}
PUBLISHED = {
    "enforced": DATES,
    "opens": {"cloud": (EVER, NEVER), "customer": (day("2019-10-01"), NEVER)},
    "retired": {"cloud": NEVER, "customer": NEVER},
    "no_repeat": {"cloud": NEVER, "customer": day("2021-01-14")},
}
SUCCESSOR = PUBLISHED | {
    "opens": {"cloud": (EVER, day("2020-02-01")), "customer": (day("2019-10-01"), NEVER)},
    "retired": {"cloud": day("2020-03-31"), "customer": NEVER},
}

AGREEMENTS = ("cloud", "customer")
PURCHASES = {"new_purchase", "seat_change", "upgrade", "conversion", "add_on", "renewal"}


def related(history):
    return bool(history) and [e["did"] for e in history if e["did"] in ("began", "parted")][-1] == "began"


def counting(history, agreement):
    """Confirmations that count, oldest first: of this period (4.7), after any no-longer-agrees (R47), not in error (R17)."""
    found = []
    for event in history:
        if event["did"] in ("began", "parted", "refused"):
            found = []
        elif event.get("agreement") == agreement:
            found = [*found, event] if event["did"] == "confirmed" else found[:-1]
    return found


def current(history, agreement):
    """The newest one is the one (R27)."""
    return (counting(history, agreement) or [None])[-1]


def no_stands(rules, history, now):
    """R47: the customer no longer agrees, and nothing that opens the gate, or once did, was confirmed since."""
    yes = any(current(history, agreement) and opens <= now for agreement, (opens, _) in rules["opens"].items())
    return any(event["did"] == "refused" for event in history) and not yes


def in_force(texts, agreement, country, at):
    """R32: of the texts in effect there, the one that took effect last; of two on one day, the one published last."""
    there = [t for t in texts if t["agreement"] == agreement and country in t["where"] and t["from"] <= at]
    return max(there, key=lambda text: (text["from"], texts.index(text)), default=None)


def latest(agreed, now):
    """The last instant of acceptance that the date allows: midnight stands for its day, as far as it has gone."""
    day_ends = agreed + timedelta(days=1, microseconds=-1)
    return min(day_ends, max(now, agreed)) if agreed.time() == EVER.time() else agreed


def text_of(texts, agreement, country, agreed, now):
    """R38: which text is meant by a date of acceptance; nobody guesses between two, nor on the day of a new major text."""
    first = in_force(texts, agreement, country, agreed)
    before = in_force(texts, agreement, country, agreed - timedelta(microseconds=1))
    starts = [t for t in texts if t["agreement"] == agreement and country in t["where"] and t["from"] == agreed]
    if agreed.time() == EVER.time() and before and any(t["major"] for t in starts):
        return None
    return first if in_force(texts, agreement, country, latest(agreed, now)) is first else None


def duty(texts, country, subscriptions, confirmation, now):
    """R34, R37: since when a newer major text binds, before when it is due, and whether a renewal ran without it; or None."""
    accepted = confirmation["text"]
    place = (
        (accepted["from"], texts.index(accepted))
        if accepted
        else (latest(confirmation["agreed"], confirmation["at"]), len(texts))
    )
    newer = [
        text["from"]
        for number, text in enumerate(texts)
        if text["agreement"] == confirmation["agreement"] and text["major"] and country in text["where"]
        and (text["from"], number) > place and text["from"] <= now
    ]  # fmt: skip
    if not newer:
        return None
    since = max(min(newer), confirmation["agreed"])
    return {
        "since": min(newer),
        "before": min((ends(s) for s in subscriptions if living(s)), default=None),
        "overdue": any(since < ran <= now for s in subscriptions for ran in s["ran"]),
    }


def state(rules, history, agreement, now, due=None):
    if current(history, agreement):
        return "current" if due is None else "overdue" if due["overdue"] else "outdated"
    standing, ended = 0, False
    for event in history:
        if event.get("agreement") == agreement:
            standing += 1 if event["did"] == "confirmed" else -1
        ended = ended or (event["did"] == "refused" and standing > 0)
    return "ended" if ended or no_stands(rules, history, now) else "missing"


def decide(rules, cloud, history, action, channel, now, duties, only=None):
    """The gate: verdict, reasons, advisories, and the confirmation that opened it (4.14).

    `duties` are those of the confirmations that count, by agreement; a rule of its own may refuse them from a date on (X5).
    """
    if not related(history):
        return "deny", ["relationship.missing"], [], None
    if cloud != "public":
        return "allow", [], [], None  # R31
    opening = [
        current(history, agreement)
        for agreement, (opens, closes) in rules["opens"].items()
        if only in (None, agreement) and current(history, agreement) and opens <= now < closes
    ]
    best = max(opening, key=lambda one: (-badness(duties.get(one["agreement"])), history.index(one)), default=None)
    enforced = rules["enforced"][channel]
    watched, begun = enforced is None, enforced is not None and enforced <= now
    reasons, advisories = [], []
    if action in PURCHASES | {"reactivate"} and no_stands(rules, history, now):
        (advisories if watched else reasons).append("confirmation.ended")
    if action in PURCHASES and not opening:
        if begun:
            reasons.append("confirmation.missing")
        else:
            advisories.append("confirmation.missing" if watched else "enforcement.upcoming")
    if action in PURCHASES and best and (due := duties.get(best["agreement"])):
        stale = begun and rules.get("stale", NEVER) <= now
        (reasons if stale else advisories).append("confirmation.outdated")
        advisories += ["renewal.overdue"] * due["overdue"]
    return "deny" if reasons else "allow", reasons, advisories, best


def badness(due):
    """How far a confirmation is from being current; of those that open the gate the best one counts (R27, X5)."""
    return 0 if due is None else 2 if due["overdue"] else 1


def named(texts, agreement, country, number):
    """R35: the text that somebody names, in force or not; None: this agreement has no such text for the country."""
    there = [(place, t) for place, t in enumerate(texts) if t["agreement"] == agreement and country in t["where"]]
    return next((t for place, t in there if place == number), None)


def repeats(texts, country, confirmation, contact, text):
    """D17: whether the same is said again of the same text. One recorded before there were texts is read by today's."""
    accepted = confirmation["text"]
    if not confirmation["there_were_texts"]:
        accepted = text_of(texts, confirmation["agreement"], country, confirmation["agreed"], confirmation["at"])
    return confirmation["contact"] == contact and accepted is text


def why_not_confirm(rules, cloud, history, agreement, agreed, repeated, due, unnamed, now):
    """The rule that forbids to record this confirmation, or None (R1, R15, R21, R26, R31, R35, 4.2, decision 0017).

    `repeated`: it says of the current one's text what that one says. `due`: the current one is outdated; what renews it
    repeats nothing. `unnamed`: the version named was never published for the customer's
    country.
    """
    if now < STARTS or cloud != "public":
        return "confirmation.feature-absent"
    if not related(history):
        return "relationship.missing"
    if rules["retired"][agreement] <= now:
        return "confirmation.template-retired"
    if agreed > now + timedelta(minutes=5):
        return "confirmation.agreed-in-future"
    if unnamed:
        return "text.version-unknown"
    if current(history, agreement) and repeated and not due and rules["no_repeat"][agreement] <= now:
        return "confirmation.already-exists"
    return None


def why_not_refuse(history, now):
    """The rule that forbids to record that the customer no longer agrees, or None (R47)."""
    if now < STARTS:
        return "confirmation.feature-absent"
    if not related(history):
        return "relationship.missing"
    said = any(event["did"] == "refused" for event in history)
    return "confirmation.nothing-to-end" if said and not any(counting(history, a) for a in AGREEMENTS) else None


def why_not_take_back(history, agreement, now):
    if now < STARTS:
        return "confirmation.feature-absent"
    if not related(history):
        return "relationship.missing"
    return None if current(history, agreement) else "confirmation.nothing-to-end"


def months_after(start, months):
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def bought(now, term, seats, parent=None):
    return {"began": now, "months": term, "term": term, "next": term, "seats": seats, "status": "active", "auto": True,
            "parent": parent, "past": (), "ran": ()}  # fmt: skip


def living(subscription):
    return subscription["status"] in ("active", "suspended")


def ends(subscription):
    """Term n ends at the original start and n terms (4.11)."""
    return months_after(subscription["began"], subscription["months"])


def renewed(subscription, now):
    """What is due renews or expires by itself; the gate is not asked (R11)."""
    while living(subscription) and ends(subscription) <= now:
        if subscription["auto"]:
            subscription = lengthened(subscription, subscription["next"], now)
        else:
            past = (*subscription["past"], ("expired", ends(subscription)))
            subscription = subscription | {"status": "expired", "past": past}
    return subscription


def lengthened(subscription, term, now):
    """A term more; the end that it had is past. It ran when it was due, or when it was ordered ahead of that."""
    past = (*subscription["past"], ("renewed", ends(subscription)))
    ran = (*subscription["ran"], min(now, ends(subscription)))
    return subscription | {
        "months": subscription["months"] + term,
        "term": term,
        "next": term,
        "past": past,
        "ran": ran,
    }


def why_not_renew(subscription, now):
    """The limit on a renewal ordered by the partner: active, and its next term not ordered yet."""
    ahead = months_after(subscription["began"], subscription["months"] - subscription["term"]) > now
    return "order.not-processable" if subscription["status"] != "active" or ahead else None


def actions_of(subscription, seats, status):
    """What a change is to the gate: only differences count (R10, R11, R40)."""
    asked = ["seat_change"] if seats != subscription["seats"] else []
    if status != subscription["status"]:
        asked.append({"active": "reactivate", "suspended": "suspend", "deleted": "cancel"}[status])
    return asked


def why_not_change(subscription, seats, status, parent, sandbox):
    """The limit that forbids a change which the gate lets pass, or None (4.11)."""
    if not living(subscription):
        return "subscription.ended"
    if seats != subscription["seats"] and sandbox and seats > 25:
        return "sandbox.limit"
    if seats != subscription["seats"] and status == "suspended":
        return "subscription.suspended-quantity"
    if parent and status == "active" != subscription["status"] and parent["status"] != "active":
        return "subscription.parent-not-active"
    return None


def with_status(subscriptions, key, status):
    """A change of status; add-ons follow where their subscription is suspended or cancelled."""
    subscriptions = subscriptions | {key: subscriptions[key] | {"status": status}}
    for other, addon in subscriptions.items():
        if addon["parent"] == key and living(addon) and status not in ("active", addon["status"]):
            subscriptions = with_status(subscriptions, other, status)
    return subscriptions
