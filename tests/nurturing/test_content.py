"""Blocks: whatever stands in them, text and HTML say the same, and nothing a lead is called becomes markup."""

import copy
import email
import re
from datetime import UTC, datetime
from email import policy
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.fields import FIELDS
from nurturing import content
from nurturing.content import choosing, editing, schema
from nurturing.content.editing import CannotEdit
from nurturing.content.schema import Content
from nurturing.rendering import Addresses, Letter, Mail, Sender

SENDER = Sender("Quillstone", "Dana Cole", "dana@quillstone.example", "Kai 4\n20457 Hamburg")
NAUGHTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE leads; --",
    "{{ first_name }}{% if x %}",
    "Ann\r\nBcc: everybody@buyer.example",
    "Ann\x00\x08\u2028Bob",
    "@@0@@ @@[0@@ @@|@@ @@]@@",
    "<!--[if mso]><b>",
    "</title></style><b>",
    "\\u{e000} \\ \" ' ` $& ${x}",
    "ليلى \u202egnirts 👩\u200d🚀 Ω≈ç√",
    "=?utf-8?q?x?= =3D=\n.\n..",
    "&lt;b&gt; &amp; &nbsp;",
    "\ud800",
    "x" * 5_000,
]


class Step:
    """What the checks read of a step."""

    def __init__(self, blocks: Content, subject: str = "Hello", preheader: str = "") -> None:
        self.content, self.subject, self.preheader = blocks, subject, preheader


class Visible(HTMLParser):
    """The words a reader sees or hears: text and alternative texts, not what stands in the head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.silent += tag in ("head", "style", "title")
        if tag == "img" and not self.silent:
            self.words.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("head", "style", "title")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


def block(kind: str, **values: Any) -> dict[str, Any]:
    block.number = getattr(block, "number", 0) + 1  # type: ignore[attr-defined]
    return {**schema.new(kind, f"b{block.number}"), **values}  # type: ignore[attr-defined]


def part(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**more, "blocks": list(blocks)}


def mail_of(blocks: Content, subject: str = "Hello", preheader: str = "") -> Mail:
    return Mail(subject=subject, preheader=preheader, content=blocks, sender=SENDER, list_name="campaign-3")


def letter(facts: dict[str, Any] | None = None, **values: Any) -> Letter:
    addresses = Addresses("https://t.example/u/1/", "", lambda target: target)
    moment = datetime(2026, 11, 17, 14, 26, tzinfo=UTC)
    return Letter("abc", "ann@buyer.example", values, addresses, moment, (facts or {}).get)


def words(text: str) -> list[str]:
    """Without the addresses of links, which a reader of the HTML part does not see."""
    return re.findall(r"\w+", re.sub(r"https?://[^\s)]*", " ", text.rpartition("You get this")[0]))


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60).map(
    lambda text: re.sub(r"https?:|[\[\]{}*]", "", text)
)
LEAVES = st.one_of(
    st.builds(lambda text: block("heading", text=text), TEXT),
    st.builds(
        lambda text: block("text", text=f"{text}\n\n- one\n- **two** [three](https://a.example/)"), TEXT
    ),
    st.builds(lambda text: block("button", text=text, link="https://b.example/?x=1&y=2"), TEXT),
    st.builds(lambda alt: block("image", src="https://c.example/p.png", alt=alt), TEXT),
    st.builds(lambda: block("divider")),
)
PART = st.lists(LEAVES, max_size=3).map(lambda blocks: part(*blocks))
FOR_ENERGY = {"values": ["Energy"]}
IF_HIGH = [{"field": "score", "op": "at_least", "value": 50}]
COMPOUNDS = st.one_of(
    st.builds(lambda parts: block("columns", parts=parts), st.lists(PART, min_size=2, max_size=3)),
    st.builds(
        lambda mine, other: block("personal", field="industry", parts=[mine | FOR_ENERGY, other]), PART, PART
    ),
    st.builds(lambda inside: block("conditional", conditions=IF_HIGH, parts=[inside]), PART),
)
BLOCKS = st.lists(st.one_of(LEAVES, COMPOUNDS), max_size=6)


@settings(deadline=None, max_examples=60)
@given(BLOCKS, st.sampled_from(["Energy", "Care", None]), st.sampled_from([10, 80, None]))
def test_any_list_of_blocks_says_the_same_words_as_text_and_as_html(
    blocks: Content, industry: str | None, score: int | None
) -> None:
    mail, who = mail_of(blocks), letter({"industry": industry, "score": score})

    text, html = mail.as_text(who), Visible(mail.as_html(who))

    assert words(text) == words(" ".join(html.words))
    whole = email.message_from_bytes(mail.fill(who), policy=policy.default)
    assert whole.defects == []
    assert max(map(len, mail.fill(who).split(b"\r\n"))) <= 78


@pytest.mark.parametrize("value", NAUGHTY)
def test_no_value_of_a_lead_becomes_markup_or_a_header(value: str) -> None:
    blocks = [
        block("heading", text="{{ company }}"),
        block("text", text="A {{ company | upcase }} [{{ company }}](https://a.example/)"),
        block("button", text="{{ company }}", link="https://a.example/"),
        block("image", src="https://c.example/p.png", alt="{{ company }}"),
        block("personal", field="industry", parts=[part(block("text", text="E"), values=["x"]), part()]),
    ]
    mail = mail_of(blocks, "For {{ company }}", "{{ company }}")
    plain = letter(company="Ann")

    hostile = letter({"industry": value}, company=value)

    assert Visible(mail.as_html(hostile)).tags == Visible(mail.as_html(plain)).tags or "E" in mail.as_text(
        hostile
    )
    whole = email.message_from_bytes(mail.fill(hostile), policy=policy.default)
    assert whole.keys() == email.message_from_bytes(mail.fill(plain), policy=policy.default).keys()
    assert "\n" not in whole["Subject"]
    assert "<script" not in mail.as_html(hostile)
    assert "<img src=x" not in mail.as_html(hostile)


def test_what_a_marketer_types_is_never_markup_either() -> None:
    nasty = '<script>x</script> "><b> @@0@@ <mj-raw>'
    mail = mail_of(
        [
            block("heading", text=nasty),
            block("image", src='https://c.example/"><script>', alt=nasty),
            block("button", text=nasty, link='https://a.example/"onclick="x'),
        ],
        preheader=nasty,
    )

    html = mail.as_html(letter())

    assert "<script" not in html
    assert "mj-raw>" not in html.replace("&lt;mj-raw&gt;", "")
    assert not [tag for tag in Visible(html).tags if tag in ("script", "mj-raw")]


def test_a_personal_block_is_read_by_those_it_is_for() -> None:
    variants = [
        part(block("text", text="for energy"), values=["Energy", "utilities"]),
        part(block("text", text="for all")),
    ]
    mail = mail_of([block("personal", field="industry", parts=variants)])

    def read(value: Any) -> str:
        return mail.as_text(letter({"industry": value})).split("\n")[0]

    assert read("  UTILITIES ") == "for energy"
    assert read(["Care", "Energy"]) == "for energy"
    assert read("Care") == read(None) == read("") == "for all"


@pytest.mark.parametrize(
    ("op", "value", "fact", "shown"),
    [
        ("at_least", 50, 80, True),
        ("at_least", 50, 10, False),
        ("at_least", 50, None, False),
        ("unknown", None, None, True),
        ("is_not", "Care", None, False),
        ("in", ["Care", "Energy"], "energy", True),
    ],
)
def test_a_conditional_block_shows_as_a_rule_would_hold(op: str, value: Any, fact: Any, shown: bool) -> None:
    row = {"field": "x", "op": op, "value": value}
    mail = mail_of([block("conditional", conditions=[row], parts=[part(block("text", text="psst"))])])

    assert ("psst" in mail.as_text(letter({"x": fact}))) is shown
    assert ("psst" in mail.as_html(letter({"x": fact}))) is shown


BROKEN = [
    (block("heading"), "It has no words"),
    (block("text", text="{{ password }}"), "no merge field password"),
    (block("text", text="[x](javascript:alert(1))"), "must begin with https"),
    (block("image", src="http://a.example/x.png", alt="x"), "must begin with https"),
    (block("image", src="https://a.example/x.png"), "Say in words what the picture shows"),
    (block("button", text="Go"), "It leads nowhere"),
    (block("columns"), "There is nothing in its column 1"),
    (
        block("personal", field="industry", parts=[part(block("divider"), values=["x"]), part()]),
        "It has no default",
    ),
    (
        block("personal", parts=[part(block("divider"), values=["x"]), part(block("divider"))]),
        "Choose a field",
    ),
    (block("conditional", parts=[part(block("divider"))]), "Say when it is shown"),
    (
        block(
            "conditional",
            conditions=[{"field": "employees", "op": "at_least", "value": "many"}],
            parts=[part(block("divider"))],
        ),
        "Condition 1",
    ),
    (
        block("conditional", conditions=[{"field": "shoe", "op": "known"}], parts=[part(block("divider"))]),
        "There is no field shoe",
    ),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN)
def test_a_block_that_cannot_be_right_is_named_with_its_place(broken: dict[str, Any], reason: str) -> None:
    blocks = [block("divider"), copy.deepcopy(broken)]

    found = [problem.text for problem in content.problems(Step(blocks), FIELDS)]

    assert any(text.startswith("Block 2") and reason in text for text in found), found


def test_a_whole_mail_has_no_problems_and_every_link_is_found_once() -> None:
    blocks = [
        block(
            "text",
            text="Hello {{ first_name | default: 'there' }} https://a.example/ [b](https://b.example/)",
        ),
        block(
            "columns",
            parts=[part(block("button", text="B", link="https://b.example/")), part(block("divider"))],
        ),
        block("image", src="https://c.example/p.png", alt="x", link="https://d.example/"),
    ]

    assert content.problems(Step(blocks), FIELDS) == []
    assert content.links(Step(blocks)) == ["https://b.example/", "https://a.example/", "https://d.example/"]


def test_blocks_are_added_moved_copied_and_removed_without_touching_what_was() -> None:
    empty: Content = []
    one, text = editing.add(empty, "text")
    two, columns = editing.add(one, "columns")
    three, inner = editing.add(two, "button", f"{columns}.1")
    swapped = editing.shift(three, columns, -1)
    four, twin = editing.duplicate(swapped, columns)
    moved = editing.put(four, text, f"{twin}.0", 0)

    assert empty == []
    assert [each["id"] for each in swapped] == [columns, text]
    assert len({each["id"] for each in schema.every(four)}) == 5
    assert [each["kind"] for each in schema.every(moved)] == [
        "columns",
        "button",
        "columns",
        "text",
        "button",
    ]
    assert inner not in [each["id"] for each in schema.every(editing.remove(moved, columns))]


def test_what_cannot_be_is_refused_in_words() -> None:
    blocks, personal = editing.add([], "personal")

    for act in (
        lambda: editing.add(blocks, "columns", f"{personal}.0"),
        lambda: editing.add(blocks, "marquee"),
        lambda: editing.add(blocks, "text", f"{personal}.9"),
        lambda: editing.put(blocks, personal, f"{personal}.0", 0),
        lambda: editing.remove(blocks, "b99"),
        lambda: editing.remove_part(blocks, personal, 1),
        lambda: editing.add_condition(blocks, personal),
    ):
        with pytest.raises(CannotEdit):
            act()


def changed(blocks: Content, verb: int, target: str, place: str, number: int) -> Content:
    acts = [
        lambda: editing.add(blocks, list(schema.KINDS)[number % 8], place)[0],
        lambda: editing.shift(blocks, target, number % 3 - 1),
        lambda: editing.put(blocks, target, place, number),
        lambda: editing.duplicate(blocks, target)[0],
        lambda: editing.remove(blocks, target),
        lambda: editing.add_part(blocks, target),
    ]
    return acts[verb]()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(0, 9)), max_size=25))
def test_no_order_of_changes_breaks_a_mail(steps: list[tuple[int, int, int]]) -> None:
    blocks: Content = []
    for verb, which, number in steps:
        ids = [each["id"] for each in schema.every(blocks)] or ["b1"]
        target, place = ids[which % len(ids)], ["", f"{ids[which % len(ids)]}.{number % 3}"][number % 2]
        try:
            blocks = changed(blocks, verb, target, place, number)
        except CannotEdit:
            continue

    ids = [each["id"] for each in schema.every(blocks)]
    assert len(ids) == len(set(ids))
    assert all(
        leaf["kind"] in schema.LEAVES
        for each in blocks
        for inner in schema.parts_of(each)
        for leaf in inner["blocks"]
    )
    assert mail_of(blocks).as_text(letter())


def test_facts_about_nobody_choose_the_default() -> None:
    personal = block("personal", field="industry", parts=[part(values=["x"]), part()])

    assert choosing.chooser(personal)(choosing.nothing) == 1
