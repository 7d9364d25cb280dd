"""Rules in plain words: the live sentence beside the editor, and the reasons of an explanation.

`labels` gives fields and properties the names people know; a field without one is its own name with blanks.
A rule still being typed has a sentence too: what is missing shows as an ellipsis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from scoring.conditions import known_items, number_of
from scoring.language import DAY, MEASURES, Condition, Rule

Labels = Mapping[str, str]
NO_LABELS: Labels = {}
MISSING = "…"


class Wording(NamedTuple):
    """`{}` is the place of the thing: "a lead views {}", "a page", "viewed {}"."""

    clause: str
    thing: str
    past: str


WORDINGS: dict[str, Wording] = {
    "page_view": Wording("a lead views {}", "a page", "viewed {}"),
    "engaged_time": Wording("a lead spends time on {}", "a page", "spent time on {}"),
    "content_download": Wording("a lead downloads {}", "content", "downloaded {}"),
    "form_submit": Wording("a lead sends {}", "a form", "sent {}"),
    "newsletter_signup": Wording("a lead signs up for {}", "a newsletter", "signed up for {}"),
    "webinar_registered": Wording("a lead registers for {}", "a webinar", "registered for {}"),
    "webinar_attended": Wording("a lead attends {}", "a webinar", "attended {}"),
    "demo_request": Wording("a lead asks for {}", "a demo", "asked for {}"),
    "trial_started": Wording("a lead starts {}", "a trial", "started {}"),
    "contact_request": Wording("a lead sends {}", "a contact request", "sent {}"),
    "chat_started": Wording("a lead starts {}", "a chat", "started {}"),
    "ad_click": Wording("a lead clicks {}", "an ad", "clicked {}"),
    "email_sent": Wording("a lead is sent {}", "a mail", "was sent {}"),
    "email_delivered": Wording("a lead receives {}", "a mail", "received {}"),
    "email_open": Wording("a lead opens {}", "a mail", "opened {}"),
    "email_click": Wording("a lead clicks in {}", "a mail", "clicked in {}"),
    "email_bounce": Wording("{} to a lead bounces", "a mail", "{} bounced"),
    "email_complaint": Wording("a lead reports {} as spam", "a mail", "reported {} as spam"),
    "email_unsubscribe": Wording("a lead unsubscribes from {}", "mails", "unsubscribed from {}"),
    "wishlist_add": Wording("a lead adds {} to the wishlist", "a product", "added {} to the wishlist"),
    "cart_add": Wording("a lead adds {} to the cart", "a product", "added {} to the cart"),
    "cart_abandoned": Wording("a lead abandons {}", "a cart", "abandoned {}"),
    "purchase": Wording("a lead buys {}", "a product", "bought {}"),
    "product_used": Wording("a lead uses {}", "the product", "used {}"),
    "referral": Wording("a lead comes by {}", "a referral", "came by {}"),
    "call": Wording("a lead has {}", "a call", "had {}"),
    "meeting": Wording("a lead has {}", "a meeting", "had {}"),
    "note": Wording("a lead gets {}", "a note", "got {}"),
    "score_lowered": Wording("{} the score of a lead", "sales lowers", "sales lowered the score"),
    "points_added": Wording("{} points to a lead", "a campaign adds", "a campaign added points"),
    "points_taken": Wording("{} points from a lead", "a campaign takes", "a campaign took points"),
}
IN_POINTS = (
    "score_lowered",
    "points_added",
    "points_taken",
)  # what such an activity measures are points, not seconds
PLURALS = {"path": "pages", "category": "categories", "content": "pieces of content"}
SINGULARS = {"path": "page"}
PAGES = ("page_view", "engaged_time")


def sentence(rule: Rule, labels: Labels = NO_LABELS) -> str:
    """As in: When a lead views a pricing page more than 2 times within 7 days, +25, at most 25."""
    when = _behaviour(rule, labels) if rule.subject == "behaviour" else _fit(rule, labels)
    text = ", ".join([when, _effect(rule), *_limits(rule)])
    return f"{text[:1].upper()}{text[1:]}{'.' if rule.enabled else ' (switched off).'}"


def did(rule: Rule, labels: Labels = NO_LABELS) -> str:
    """One occurrence: "asked for a demo"."""
    return wording_of(rule.activity).past.format(_thing(rule, labels))


def happened(rule: Rule, aggregate: int, labels: Labels = NO_LABELS) -> str:
    """What a lead did, for an explanation: "viewed a pricing page 3 times within 7 days"."""
    wording = wording_of(rule.activity)
    if rule.aggregate == "distinct":
        done = wording.past.format(_different(rule, aggregate, labels) + _suffix(rule, labels))
        return done + _within(rule)
    done = did(rule, labels)
    amount = f", {_sum(rule, aggregate)} in all" if rule.aggregate == "sum" else _times(aggregate)
    return done + amount + _within(rule)


def situation(rule: Rule, labels: Labels = NO_LABELS) -> str:
    """Only when it holds, for a sentence about several: "a lead asks for a demo within 30 days"."""
    words = _behaviour(rule, labels) if rule.subject == "behaviour" else _fit(rule, labels)
    return words.removeprefix("when ")


def happening(rule: Rule, times: int, seconds: int, again: bool, labels: Labels = NO_LABELS) -> str:
    """What a lead would do, for the road to MQL: "It views a pricing page 2 more times"."""
    more = " more" if again else ""
    clause = wording_of(rule.activity).clause.replace("a lead", "it", 1)
    if rule.aggregate == "distinct":
        name = PLURALS.get(rule.distinct_by, label_of(rule.distinct_by, labels) + "s")
        other = SINGULARS.get(rule.distinct_by, label_of(rule.distinct_by, labels))
        many = f"another {other}" if times == 1 and again else f"{times:,}{more} different {name}"
        return _opening(clause.format(many + _suffix(rule, labels)))
    if rule.aggregate == "sum":
        return _opening(f"{clause.format(_thing(rule, labels))} for {_rough(seconds)}{more}")
    often = f" once{more}" if times == 1 else f" {times:,}{more} times"
    return _opening(clause.format(_thing(rule, labels)) + often)


def _opening(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rough(seconds: int) -> str:
    """Whole minutes from two minutes on, rounded up, so that they are enough."""
    return counted(-(-seconds // 60), "minute") if seconds > 120 else counted(seconds, "second")


def matched(rule: Rule, fields: Mapping[str, Any], labels: Labels = NO_LABELS) -> str:
    """Why a fit rule matches, with the values that made it: "job title contains vp (VP Sales)"."""
    return " and ".join(_with_value(item, fields, labels) for item in rule.conditions) or "every lead"


def conditions_sentence(conditions: Iterable[Condition], labels: Labels = NO_LABELS) -> str:
    """Company size is at least 250 and source is webinar; empty without conditions."""
    return " and ".join(f"{label_of(item.field, labels)} {_says(item)}" for item in conditions)


def unknown(names: Iterable[str], labels: Labels = NO_LABELS) -> str:
    return f"{any_of(sorted({label_of(name, labels) for name in names}), 'and')} not known yet"


def wording_of(kind: str) -> Wording:
    name = kind.removeprefix("custom:")
    return WORDINGS.get(kind) or Wording("a lead does {}", f"“{name}”", "did {}")


def label_of(name: str, labels: Labels) -> str:
    label = labels.get(name, name.replace("_", " ")) or MISSING
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def duration(seconds: int) -> str:
    for unit, size in (("day", DAY), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def _sum(rule: Rule, number: int) -> str:
    return counted(number, "point") if rule.activity in IN_POINTS else duration(number)


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def signed_points(points: int) -> str:
    return f"{'+' if points >= 0 else '−'}{abs(points):,}"


def any_of(values: Iterable[Any], link: str = "or") -> str:
    *before, last = [str(value) for value in values] or [MISSING]
    return f"{', '.join(before)} {link} {last}" if before else last


def _behaviour(rule: Rule, labels: Labels) -> str:
    clause, within = wording_of(rule.activity).clause, _within(rule)
    if rule.mode == "each":
        return _each(rule, labels, clause) + within
    if rule.aggregate == "distinct" and rule.n > 1:
        many = f"more than {_different(rule, rule.n - 1, labels)}"
        return f"when {clause.format(many + _suffix(rule, labels))}{within}"
    often = f" more than{_times(rule.n - 1)}" if rule.n > 1 else ""
    if rule.aggregate == "sum":
        often = f" for at least {_sum(rule, rule.n)} in all"
    return f"when {clause.format(_thing(rule, labels))}{often}{within}"


def _each(rule: Rule, labels: Labels, clause: str) -> str:
    if rule.aggregate == "sum":
        link = "by which" if rule.activity in IN_POINTS else "in which"
        return f"for every {_sum(rule, rule.n)} {link} {clause.format(_thing(rule, labels))}"
    if rule.aggregate == "distinct":
        one = SINGULARS.get(rule.distinct_by, label_of(rule.distinct_by, labels))
        return f"each time {clause.format(f'a different {one}' + _suffix(rule, labels))}"
    return f"each time {clause.format(_thing(rule, labels))}"


def _fit(rule: Rule, labels: Labels) -> str:
    said = [condition_words(item, labels) for item in rule.conditions]
    return "when " + (" and ".join(said) or "a lead is known")


def condition_words(condition: Condition, labels: Labels = NO_LABELS) -> str:
    """As in: the country is Norway or Sweden."""
    return f"the {label_of(condition.field, labels)} {_says(condition)}"


def _effect(rule: Rule) -> str:
    if rule.effect == "points":
        return signed_points(rule.points)
    return "the lead qualifies at once" if rule.effect == "critical" else "the lead is excluded"


def _limits(rule: Rule) -> list[str]:
    if rule.subject == "fit":
        return []  # it gives its points once, for as long as it holds
    said = []
    if rule.effect == "points" and rule.cap is not None:
        said.append(f"at most {'−' if rule.points < 0 else ''}{rule.cap:,}")
    if rule.decay == "half_life":
        said.append(f"halving every {duration(rule.decay_seconds)}")
    if rule.decay == "expiry":
        said.append(f"gone after {duration(rule.decay_seconds)}")
    return said


def _within(rule: Rule) -> str:
    return "" if rule.window_seconds is None else f" within {duration(rule.window_seconds)}"


def _times(number: int) -> str:
    return " once" if number == 1 else f" {number:,} times"


def _different(rule: Rule, number: int, labels: Labels) -> str:
    name = rule.distinct_by
    return f"{number:,} different {PLURALS.get(name, label_of(name, labels) + 's')}"


def _thing(rule: Rule, labels: Labels) -> str:
    """Words looked for in the path of a page become its adjective: "a pricing page"."""
    thing, adjective = wording_of(rule.activity).thing, _adjective(rule)
    if adjective:
        words = any_of(adjective.values)
        thing = f"{'an' if words[:1].lower() in set('aeiou') else 'a'} {words} page"
    return thing + _suffix(rule, labels)


def _adjective(rule: Rule) -> Condition | None:
    if rule.activity not in PAGES or rule.aggregate == "distinct":
        return None
    return next((c for c in rule.conditions if c.field == "path" and c.op == "contains_word"), None)


def _suffix(rule: Rule, labels: Labels) -> str:
    rest = [item for item in rule.conditions if item is not _adjective(rule)]
    props = [
        f"whose {label_of(item.field, labels)} {_says(item)}" for item in rest if item.field not in MEASURES
    ]
    said = [" and ".join(props), *(_measures(item) for item in rest if item.field in MEASURES)]
    return "".join(f" {part}" for part in said if part)


def _measures(condition: Condition) -> str:
    numbers = [int(number) for number in map(number_of, condition.values) if number is not None]
    if condition.field == "seconds":
        return "for " + _range(condition, [duration(number) for number in numbers])
    return "worth " + _range(condition, [f"{number / 100:,.2f}" for number in numbers])


def _range(condition: Condition, ends: list[str]) -> str:
    return {
        "at_least": "at least {}",
        "at_most": "at most {}",
        "between": "between {} and {}",
    }.get(condition.op, "exactly {}").format(*ends, MISSING, MISSING)


def _says(condition: Condition) -> str:
    values = [_spoken(value) for value in condition.values]
    match condition.op:
        case "is" | "in":
            return f"is {any_of(values)}"
        case "is_not" | "not_in":
            return f"is not {any_of(values)}"
        case "contains_word":
            return f"contains {any_of(values)}"
        case "starts_with":
            return f"starts with {any_of(values)}"
        case "known" | "unknown":
            return f"is {condition.op}"
    return f"is {_range(condition, values)}"


def _spoken(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _with_value(condition: Condition, fields: Mapping[str, Any], labels: Labels) -> str:
    items = known_items(fields.get(condition.field))
    said = f"{label_of(condition.field, labels)} {_says(condition)}"
    if not items or condition.op == "is":
        return said
    return f"{said} ({', '.join(_spoken(item) for item in items)})"
