"""What a form asks and how its answers are read. Pure: no database, no clock.

A definition is plain JSON with these parts; a published one never changes, so an answer can always be read with the
words its sender saw.

Words   every text a visitor reads is {"en": …, "de": …}; what is missing in one language is shown in the other
Ask     `always`; `unknown`: only while we do not know it; `next`: a place for the unknown field that says most,
        of which at most `at_most` are shown
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from leads.values import BadValue, read

ALWAYS, UNKNOWN, NEXT = "always", "unknown", "next"
TEXT, LONG, EMAIL, PHONE, NUMBER, CHOICE, YES, HIDDEN = (
    *("text", "long", "email", "tel", "number"),
    *("choice", "yes", "hidden"),
)
TOPIC = "topic"
MOST_QUESTIONS = 30
MOST_POSTED = 100  # names
LONGEST = 2000  # characters of one posted value
ORIGIN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "fbclid", "msclkid")

Words = dict[str, str]


@dataclass(frozen=True)
class Question:
    """`name` is the field of the lead that the answer fills: `title`, `custom.shifts`."""

    name: str
    label: Words
    kind: str = TEXT
    required: bool = False
    ask: str = ALWAYS
    help: Words = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    value: str = ""  # of a hidden one

    @property
    def id(self) -> str:
        return "q-" + self.name.replace(".", "-")


@dataclass(frozen=True)
class Definition:
    """`mapping`: {name in a foreign form: our field}. `origins`: sites that may show it in a frame."""

    title: Words = field(default_factory=dict)
    kicker: Words = field(default_factory=dict)
    intro: Words = field(default_factory=dict)
    points: Words = field(default_factory=dict)  # one a line
    button: Words = field(default_factory=dict)
    thanks: Words = field(default_factory=dict)
    consent: Words = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    topics: tuple[int, ...] = ()
    redirect: str = ""
    asset: int | None = None
    at_most: int = 2
    origins: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Definition:
        """Names that a later version of the program no longer knows are left out."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        values["questions"] = tuple(_question(item) for item in data.get("questions", ()))
        for name in ("topics", "origins"):
            values[name] = tuple(data.get(name, ()))
        return cls(**values)

    def named(self, name: str) -> Question | None:
        return next((one for one in self.questions if one.name == name), None)


def _question(item: Mapping[str, Any]) -> Question:
    known = {one.name for one in fields(Question)}
    values = {name: value for name, value in item.items() if name in known}
    return Question(**values | {"choices": tuple(item.get("choices", ()))})


class Problem(NamedTuple):
    """`place`: the question's name, or a part of the definition."""

    place: str
    words: str


def problems(
    definition: Definition, known_fields: Iterable[str], custom_types: Mapping[str, str]
) -> list[Problem]:
    """Why it cannot be published; empty when it can."""
    known = set(known_fields)
    return [
        *_of_the_whole(definition),
        *_of_questions(definition, known),
        *(
            each
            for one in definition.questions
            if one.name in known
            for each in _of_choices(one, custom_types)
        ),
    ]


def _of_choices(one: Question, custom_types: Mapping[str, str]) -> Iterable[Problem]:
    """A visitor must not be told that the answer we offered cannot be read."""
    for choice in one.choices if one.kind == CHOICE else ():
        try:
            answered = read(one.name, choice, custom_types) is not None
        except BadValue as error:
            yield Problem(one.name, f"The field {one.name} cannot hold “{choice}”: {error}")
        else:
            if not answered:
                yield Problem(one.name, f"“{choice}” counts as not answered. Leave it out.")


def _of_the_whole(definition: Definition) -> Iterable[Problem]:
    if not definition.title.get("en") and not definition.title.get("de"):
        yield Problem("title", "Give the form a title.")
    if definition.redirect and not is_web_address(definition.redirect):
        yield Problem("redirect", "Write a whole web address that begins with https:// or http://.")
    if definition.topics and not any(definition.consent.values()):
        yield Problem("consent", "Say in words what people agree to when they tick a topic.")
    for origin in definition.origins:
        if not is_origin(origin):
            yield Problem("origins", f"{origin} is not a site. Write it like https://www.example.com.")


def _of_questions(definition: Definition, known_fields: set[str]) -> Iterable[Problem]:
    names = [one.name for one in definition.questions]
    if "email" not in names:
        yield Problem("questions", "Ask for the e-mail address; without it nobody can be told apart.")
    if any(one.name == "email" and not _always_answered(one) for one in definition.questions):
        yield Problem("email", "The e-mail address is asked openly, and must be answered.")
    if len(names) > MOST_QUESTIONS:
        yield Problem("questions", f"A form asks at most {MOST_QUESTIONS} things.")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(name, f"{name} is asked twice.")
    for one in definition.questions:
        if one.name not in known_fields:
            yield Problem(one.name, f"There is no field {one.name}.")
        if one.kind == CHOICE and len(one.choices) < 2:
            yield Problem(one.name, "Give at least two choices, one a line.")
        if one.kind != HIDDEN and not any(one.label.values()):
            yield Problem(one.name, "Write the question.")
    for target in sorted(set(definition.mapping.values()) - known_fields):
        yield Problem("mapping", f"There is no field {target}.")


def _always_answered(one: Question) -> bool:
    return one.required and one.kind != HIDDEN and one.ask != NEXT


def is_web_address(text: str) -> bool:
    """Nothing that runs, and nothing that a browser reads as another host than it says."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    plain = not any(sign in text for sign in "\\\t\r\n ") and "@" not in parts.netloc
    return parts.scheme in ("https", "http") and bool(parts.hostname) and plain


def is_origin(text: str) -> bool:
    if not is_web_address(text) or any(sign in text for sign in ";,'\"*"):
        return False
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc}" == text.rstrip("/")


def words(said: Words, language: str) -> str:
    """In that language, or in whichever there is."""
    return said.get(language) or said.get("en") or next((text for text in said.values() if text), "")


def asked(definition: Definition, known: Mapping[str, Any], best: Sequence[str]) -> list[Question]:
    """The questions to show, in their order. `best`: fields nobody told us yet, the most telling first."""
    open_next = [one.name for one in definition.questions if one.ask == NEXT and not _known(known, one.name)]
    ranked = sorted(open_next, key=lambda name: best.index(name) if name in best else len(best))
    chosen = set(ranked[: definition.at_most])
    return [
        one
        for one in definition.questions
        if (one.ask == ALWAYS and not (one.name == "email" and _known(known, "email")))
        or (one.ask == UNKNOWN and not _known(known, one.name))
        or one.name in chosen
    ]  # fmt: skip


def _known(known: Mapping[str, Any], name: str) -> bool:
    return known.get(name) not in (None, "", [])


class Answers(NamedTuple):
    """`values` in our spelling. `errors`: {question: which of the messages}. `dropped`: {posted name: why}."""

    values: dict[str, Any]
    errors: dict[str, str]
    dropped: dict[str, str]


def plain(posted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What arrived, kept as it is but for its length; several values of one name stand on lines of their own."""
    found: dict[str, str] = {}
    for name, value in posted:
        if name in found or len(found) < MOST_POSTED:
            joined = f"{found[name]}\n{value}" if name in found else value
            found[name[:100].replace("\x00", "")] = joined[:LONGEST].replace("\x00", "")
    return found


def read_answers(
    definition: Definition,
    posted: Mapping[str, str],
    shown: Iterable[str] | None,
    custom_types: Mapping[str, str],
    *,
    mapped: bool = False,
) -> Answers:
    """`shown`: the questions the sender saw, None for a foreign form. `mapped`: names are read by the mapping first."""
    answers = Answers({}, {}, {})
    taken = _by_field(definition, posted, answers.dropped, mapped=mapped)
    seen = {one.name for one in definition.questions} if shown is None else set(shown)
    for one in definition.questions:
        if one.name in seen and not (shown is None and one.name != "email" and one.name not in taken):
            _read_one(one, taken.get(one.name, ""), answers, custom_types)
    for name, value in taken.items():  # only a mapping names fields that are no questions
        if definition.named(name) is None and value.strip():
            _read_one(Question(name, {}), value, answers, custom_types, drop=True)
    return answers


def _by_field(
    definition: Definition, posted: Mapping[str, str], dropped: dict[str, str], *, mapped: bool
) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in posted.items():
        target = definition.mapping.get(name, "") if mapped else ""
        target = target or (name if definition.named(name) else "")
        if target:
            found.setdefault(target, value)
        elif name not in ORIGIN and name != TOPIC:
            dropped[name] = "No field is mapped to it."
    return found


def _read_one(
    one: Question,
    written: str,
    answers: Answers,
    custom_types: Mapping[str, str],
    *,
    drop: bool = False,
) -> None:
    given = one.value if one.kind == HIDDEN and one.value else written.strip()
    try:
        if one.kind == CHOICE and given and given not in one.choices:
            raise BadValue
        value = read(one.name, given, custom_types)
    except BadValue:
        _refuse(one, _trouble(one), answers, drop=drop or one.kind == HIDDEN)
    else:
        if value is not None:
            answers.values[one.name] = value
        elif one.required and one.kind != HIDDEN:
            _refuse(one, "choice" if one.kind == CHOICE else "required", answers, drop=drop)


def _trouble(one: Question) -> str:
    return "choice" if one.kind == CHOICE else "email" if one.name == "email" else "unreadable"


def _refuse(one: Question, why: str, answers: Answers, *, drop: bool) -> None:
    if drop:
        answers.dropped[one.name] = "Its value could not be read."
    else:
        answers.errors[one.name] = why
