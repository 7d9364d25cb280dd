"""One message of the Segment tracking spec, checked and put into our words.

Source  https://segment.com/docs/connections/spec/ and what the released SDKs really send
Units   seconds; amounts in hundredths; aware instants
Clock   the caller says when the message was received
Errors  BadMessage, with a reason in words; the other messages of the batch are not touched
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from leads import shapes
from leads.capture.names import kind_of
from leads.capture.reading import DEPTH, EVENT_BYTES
from leads.capture.traits import clean_email, company_fields, person_fields
from leads.machines.judging import judge_view
from leads.machines.rules import NONE, Rules, parsed
from leads.machines.seen import Verdict, in_words
from leads.models import Identity

TYPES = frozenset({"track", "page", "screen", "identify", "group", "alias"})
SKEW = timedelta(minutes=1)  # less than this between sentAt and receipt is the network, not a wrong clock
LONGEST_ID = 254
SECONDS = ("seconds", "engaged_seconds", "duration")
AMOUNTS = ("revenue", "amount", "value", "total")
CONTEXT = frozenset({"page", "campaign", "traits"})
MEASURES = frozenset((*SECONDS, *AMOUNTS))

VISITOR, EMAIL, EXTERNAL = (
    Identity.Kind.VISITOR.value,
    Identity.Kind.EMAIL.value,
    Identity.Kind.EXTERNAL.value,
)
Name = tuple[str, str]  # kind of identity, value


class BadMessage(ValueError):
    """Why this one message is refused, in words."""

    status = 400


class TooLarge(BadMessage):
    status = 413


class Met(NamedTuple):
    """What is known of a machine that looked at a page, and why it is one."""

    agent: str
    address: str
    verdict: Verdict


class Message(NamedTuple):
    """`kind` is empty for calls that only tell who somebody is. `names` stand strongest first."""

    message_id: str
    names: tuple[Name, ...]
    occurred_at: datetime
    kind: str = ""
    props: dict[str, Any] = {}
    seconds: int = 0
    amount: int = 0
    met: Met | None = None  # when a machine did it
    fields: dict[str, Any] = {}
    dropped: tuple[str, ...] = ()


class Reader:
    """Reads the messages of one request: they share the moment of receipt and, mostly, of sending."""

    def __init__(
        self,
        *,
        received_at: datetime,
        custom: Callable[[], Mapping[str, str]],
        sent_at: Any = None,
        address: str = "",
        rules: Rules = NONE,
    ) -> None:
        """`custom` tells {key: type} of the registered custom fields when somebody's traits are read.

        `address` the request came from; an event may name another. `rules`: what the house knows about visitors.
        """
        self.address, self.rules = address, rules
        self.met: dict[tuple[str, str], Met | None] = {}
        self.received_at, self.custom = received_at, custom
        self.skew = self._skew(sent_at)

    def read(self, message: Any, call: str = "") -> Message:
        """`call` is the address it came to, which wins over its `type`. Raises BadMessage."""
        if not isinstance(message, dict):
            raise BadMessage("It is not a JSON object.")
        check_size(message)
        call = call or message.get("type") or ""
        if not isinstance(call, str) or call not in TYPES:
            raise BadMessage(f"type must be one of {', '.join(sorted(TYPES))}.")
        return self._READERS[call](self, message)

    def _track(self, message: dict[str, Any]) -> Message:
        event = message.get("event")
        if not isinstance(event, str) or not event.strip():
            raise BadMessage("event must name what happened.")
        kind = kind_of(event.strip()[:200])
        return self._activity(message, kind, _object(message, "properties"))

    def _page(self, message: dict[str, Any]) -> Message:
        props = _object(message, "properties")
        for key in ("name", "category"):
            if isinstance(message.get(key), str):
                props.setdefault(key, message[key])
        return self._activity(message, "page_view", props)

    def _identify(self, message: dict[str, Any]) -> Message:
        traits = _object(message, "traits") or _object(_object(message, "context"), "traits")
        values, dropped = person_fields(traits, self.custom())
        names = _names(message, values.get("email", ""))
        return Message(
            _message_id(message), names, self._time(message), fields=values, dropped=tuple(dropped)
        )

    def _group(self, message: dict[str, Any]) -> Message:
        if not _id(message, "groupId"):
            raise BadMessage("groupId is missing.")
        values, dropped = company_fields(_object(message, "traits"))
        names = _names(message)
        return Message(
            _message_id(message), names, self._time(message), fields=values, dropped=tuple(dropped)
        )

    def _alias(self, message: dict[str, Any]) -> Message:
        now, former = _id(message, "userId"), _id(message, "previousId")
        if not now or not former:
            raise BadMessage("alias needs both userId and previousId.")
        names = ((EXTERNAL, now), (VISITOR, former)) if now != former else ((EXTERNAL, now),)
        return Message(_message_id(message), names, self._time(message))

    _READERS = {
        "track": _track,
        "page": _page,
        "screen": _page,
        "identify": _identify,
        "group": _group,
        "alias": _alias,
    }

    def _activity(self, message: dict[str, Any], kind: str, props: dict[str, Any]) -> Message:
        context = _object(message, "context")
        address, met = "", self._met(context)
        if met:
            props["machine"] = in_words(met.verdict.reasons)
        if not CONTEXT.isdisjoint(context):
            _add_context(props, context)
            address = clean_email(_object(context, "traits").get("email"))
        seconds, amount = (0, 0) if MEASURES.isdisjoint(props) else (_seconds(props), _amount(props))
        return Message(
            _message_id(message),
            _names(message, address),
            self._time(message),
            kind,
            props,
            seconds,
            amount,
            met,
            {"email": address} if address else {},
        )

    def _met(self, context: dict[str, Any]) -> Met | None:
        """Only what tells of a browser is judged: most servers that send events are programs, and rightly so."""
        agent = context.get("userAgent")
        if not isinstance(agent, str) or not agent:
            return None
        told = context.get("ip")
        address = told if isinstance(told, str) and parsed(told) else self.address
        if (agent, address) not in self.met:  # a batch comes from few browsers, often from one
            verdict = judge_view(agent, address, self.rules)
            self.met[agent, address] = Met(agent, address, verdict) if verdict.machine else None
        return self.met[agent, address]

    def _time(self, message: dict[str, Any]) -> datetime:
        """When it happened by our clock: the sender's time, set right by how wrong its clock was on sending."""
        original = message.get("originalTimestamp")
        corrected = message.get("timestamp")
        stamp = corrected if corrected is not None else original
        if stamp is None:
            return self.received_at
        moment = _instant(stamp)
        if moment is None:
            raise BadMessage("timestamp is not an ISO 8601 date and time.")
        if original is not None and corrected is not None and original != corrected:
            return _shift(moment, None)  # somebody on the way has corrected it already
        return _shift(moment, self._skew(message["sentAt"]) if "sentAt" in message else self.skew)

    def _skew(self, sent_at: Any) -> timedelta | None:
        sent = _instant(sent_at)
        return self.received_at - sent if sent and abs(self.received_at - sent) > SKEW else None


def check_size(message: dict[str, Any]) -> None:
    """Raises BadMessage for what is too large, too deep, or what JSON and PostgreSQL cannot hold."""
    try:
        encoded = orjson.dumps(message)
    except (TypeError, RecursionError) as error:
        raise BadMessage(
            "It holds something JSON has no word for: NaN, half a surrogate pair, or a number past 64 bits."
        ) from error
    if len(encoded) > EVENT_BYTES:
        raise TooLarge(f"It is larger than {EVENT_BYTES // 1024} kB.")
    if b"\\u0000" in encoded and _holds_nul(message):
        raise BadMessage("It holds the character NUL.")
    brackets = encoded.count(b"{") + encoded.count(b"[")  # few of them cannot be nested deeply
    if brackets > DEPTH and _deeper_than(message, DEPTH):
        raise BadMessage(f"It is nested more than {DEPTH} levels deep.")


def _deeper_than(value: Any, levels: int) -> bool:
    if levels == 0:
        return True
    items = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(item, levels - 1) for item in items if isinstance(item, dict | list))


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return shapes.NUL in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_holds_nul(item) for item in value)


def _object(message: dict[str, Any], key: str) -> dict[str, Any]:
    value = message.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadMessage(f"{key} must be a JSON object.")
    return value


def _id(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if type(value) is str and len(value) <= LONGEST_ID:  # nearly always
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadMessage(f"{key} must be text.")
    text = str(value).strip()
    if len(text) > LONGEST_ID:
        raise BadMessage(f"{key} is longer than {LONGEST_ID} characters.")
    return text


def _message_id(message: dict[str, Any]) -> str:
    return _id(message, "messageId")


def _names(message: dict[str, Any], email: str = "") -> tuple[Name, ...]:
    user, visitor = _id(message, "userId"), _id(message, "anonymousId")
    if visitor and not (user or email):  # most of the traffic
        return ((VISITOR, visitor),)
    names = ((EXTERNAL, user), (EMAIL, email), (VISITOR, visitor))
    given = tuple([name for name in names if name[1]])
    if not given:
        raise BadMessage("It names nobody: userId or anonymousId is missing.")
    return given


def _instant(stamp: Any) -> datetime | None:
    """ISO 8601 text, or milliseconds since 1970; without a zone it is UTC."""
    try:
        if isinstance(stamp, str):
            moment = datetime.fromisoformat(stamp.strip())
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return datetime.fromtimestamp(stamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _shift(moment: datetime, skew: timedelta | None) -> datetime:
    try:
        return (moment + skew if skew else moment).astimezone(UTC)
    except OverflowError as error:
        raise BadMessage("timestamp is outside the calendar.") from error


def _add_context(props: dict[str, Any], context: dict[str, Any]) -> None:
    """The page and the campaign it happened on, where the event itself does not say."""
    page, campaign = _object(context, "page"), _object(context, "campaign")
    for key in ("path", "url", "referrer"):
        if isinstance(page.get(key), str) and page[key]:
            props.setdefault(key, page[key])
    for key in ("name", "source", "medium"):
        if isinstance(campaign.get(key), str) and campaign[key]:
            props.setdefault("utm_campaign" if key == "name" else f"utm_{key}", campaign[key])


def _seconds(props: dict[str, Any]) -> int:
    return round(min(max(_measure(props, SECONDS), 0), 86_400))


def _amount(props: dict[str, Any]) -> int:
    return round(min(max(_measure(props, AMOUNTS), -1e13), 1e13) * 100)


def _measure(props: dict[str, Any], keys: tuple[str, ...]) -> float:
    """The first of these that is a number leaves the properties; text stays where it is."""
    for key in keys:
        value = props.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return props.pop(key)
    return 0
