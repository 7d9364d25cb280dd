"""What the pages of a mail's content show: blocks as rows with their fields, and the mail as a lead would see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Organisation
from leads.models import Lead
from nurturing import content, content_checks, letters, merging, segments, tokens
from nurturing.content import schema
from nurturing.content.schema import Block, part_name, parts_of
from nurturing.content_forms import ContentForm, shown_value
from nurturing.models import Campaign, Step
from nurturing.segments import vocabulary

ICONS = {
    "heading": "heading",
    "text": "file-text",
    "image": "image",
    "button": "mouse-pointer-click",
    "divider": "minus",
    "columns": "columns-2",
    "personal": "sparkles",
    "conditional": "split",
}
FOUND = 8  # leads shown by a search
GROUPS = {
    "score": "Score and stage",
    "person": "Person",
    "company": "Company",
    "origin": "Origin",
    "custom": "Your own",
}


@dataclass
class Part:
    """A place inside of a block; `values` is None where nothing is chosen by value."""

    number: int
    place: str
    label: str
    rows: list[Row]
    values: str | None = None
    error: str = ""
    removable: bool = False

    @property
    def key(self) -> str:
        return str(self.number)


@dataclass
class Row:
    """One block in the editor."""

    block: Block
    name: str
    place: str
    first: bool
    last: bool
    opened: bool
    problems: list[str]
    errors: dict[str, str]
    parts: list[Part] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return str(self.block["kind"])

    @property
    def label(self) -> str:
        return schema.KINDS[self.kind]

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def entry(self) -> str:
        """How the form says that this block is there."""
        rows = len(self.block.get("conditions", []))
        return f"{self.block['id']} {self.kind} {self.place} {len(self.parts)} {rows}"

    @property
    def picture(self) -> str:
        """The id of an uploaded one."""
        src = str(self.block.get("src", ""))
        return src.removeprefix(schema.ASSET) if schema.UPLOADED.fullmatch(src) else ""

    @property
    def web_source(self) -> str:
        return "" if self.picture else str(self.block.get("src", ""))

    @property
    def summary(self) -> str:
        """The beginning of what it says."""
        words = " ".join((self.block.get("text") or self.block.get("alt") or "").split())
        inside = sum(len(part.rows) for part in self.parts)
        return words[:80] or (f"{inside} inside" if self.parts else "")

    @property
    def conditions(self) -> list[dict[str, Any]]:
        rows = self.block.get("conditions", [])
        return [{**row, "typed": shown_value(row.get("value"))} for row in rows]


def editor(step: Step, form: ContentForm) -> dict[str, Any]:
    """Everything the block editor needs; two queries."""
    known = letters.askable()
    found = content.problems(_Typed(form), known)
    return {
        "content_form": form,
        "rows": _rows(form.content, "", form, found),
        "mail_problems": [problem.text for problem in found if not problem.block],
        "content_problems": found,
        "leaves": [(kind, label, ICONS[kind]) for kind, label in schema.LEAVES.items()],
        "block_kinds": [(kind, label, ICONS[kind]) for kind, label in schema.KINDS.items()],
        "subject_hint": f"{len(form.subject)} characters",
        "widths": schema.WIDTHS.items(),
        "ops": vocabulary.OP_WORDS.items(),
        "askable": _grouped(known),
        "merge_fields": _merge_fields(known),
    }


class _Typed:
    """What is in the form, as something the checks can read."""

    def __init__(self, form: ContentForm) -> None:
        self.subject, self.preheader, self.content = form.subject, form.preheader, form.content


def _rows(blocks: list[Block], place: str, form: ContentForm, found: list[content.Problem]) -> list[Row]:
    named = schema.names(form.content)
    rows = [
        Row(
            block=block,
            name=named[block["id"]],
            place=place,
            first=number == 0,
            last=number == len(blocks) - 1,
            opened=form.opened == block["id"],
            problems=_own(found, block["id"], named),
            errors=_errors(form, block["id"]),
        )
        for number, block in enumerate(blocks)
    ]
    for row in rows:
        row.parts = [_part(row, part, number, form, found) for number, part in enumerate(parts_of(row.block))]
        inside = any(each.opened for part in row.parts for each in part.rows)
        row.opened = row.opened or bool(row.errors) or inside
    return rows


def _own(found: list[content.Problem], block_id: str, named: dict[str, str]) -> list[str]:
    """Beside the block its name need not be said."""
    return [each.text.removeprefix(f"{named[block_id]}: ") for each in found if each.block == block_id]


def _errors(form: ContentForm, block_id: str) -> dict[str, str]:
    start = f"{block_id}-"
    return {name.removeprefix(start): text for name, text in form.errors.items() if name.startswith(start)}


def _part(
    row: Row, part: dict[str, Any], number: int, form: ContentForm, found: list[content.Problem]
) -> Part:
    place, count = f"{row.block['id']}.{number}", len(row.block["parts"])
    removable = count > 2 and (row.kind == "columns" or (row.kind == "personal" and number < count - 1))
    return Part(
        number=number,
        place=place,
        label=part_name(row.block, number),
        rows=_rows(part["blocks"], place, form, found),
        values=shown_value(part["values"]) if "values" in part else None,
        error=row.errors.get(f"values-{number}", ""),
        removable=removable,
    )


def _grouped(known: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    groups = {group: [each for each in known.values() if each.group == group] for group in GROUPS}
    return [(GROUPS[group], fields) for group, fields in groups.items() if fields]


def _merge_fields(known: dict[str, Any]) -> list[tuple[str, str]]:
    """(what to write, what it is)"""
    own = [(key, each.label) for key, each in known.items() if key.startswith("custom.")]
    return [(f'{{{{ {key} | default: "…" }}}}', label) for key, label in [*merging.FIELDS.items(), *own]]


def seen(request: HttpRequest, step: Step) -> dict[str, Any]:
    """The mail as one lead would see it, as last saved."""
    asked = _asked(request)
    lead, others = preview_lead(request, step.version.campaign)
    sender = letters.sender_of(Organisation.current())
    letter = letters.test_letter(lead, lead.email or "", sender, timezone.now(), tokens.TEST, step)
    mail, query = letters.mail_of(step, sender, lead.language), preview_query(request)
    return {
        **content_checks.panel(step, mail.as_html(letter)),
        "preview_lead": lead,
        "preview_others": others,
        "asked_lead": asked,
        "lead_not_found": bool(asked) and not others and str(lead.pk) != asked and not _fits(lead, asked),
        "sender": sender,
        "seen_subject": mail.subject_for(letter.values),
        "seen_preheader": mail.preheader_for(letter.values),
        "frame_address": f"{reverse('nurturing:preview', args=(step.pk,))}?{query}",
        "preview_query": query,
        "choices": [(VIEW_NAMES[name], *each) for name, each in _choices(request).items()],
        "shown_wide": _chosen(request, "view") == "wide",
    }


VIEWS = {
    "view": (("phone", "Phone", "smartphone"), ("wide", "Wide", "monitor")),
    "scheme": (("light", "Light", "sun"), ("dark", "Dark", "moon")),
    "part": (("html", "HTML", "image"), ("text", "Text", "file-text")),
}
VIEW_NAMES = {"view": "Width", "scheme": "Colours", "part": "Part of the mail"}


def preview_query(request: HttpRequest, **changes: str) -> str:
    """Whom the preview shows the mail to, and how: the part of an address behind the question mark."""
    kept = {"lead": _asked(request), **{name: _chosen(request, name) for name in VIEWS}}
    return urlencode({name: value for name, value in (kept | changes).items() if value})


def _choices(request: HttpRequest) -> dict[str, tuple[str, list[tuple[str, str, str, str]]]]:
    """{name: (what is chosen, [(key, words, icon, query that chooses it)])}"""
    return {
        name: (
            _chosen(request, name) or options[0][0],
            [(key, words, icon, preview_query(request, **{name: key})) for key, words, icon in options],
        )
        for name, options in VIEWS.items()
    }


def _chosen(request: HttpRequest, name: str) -> str:
    wanted = _shown(request).get(name, "")
    return wanted if wanted in [key for key, _, _ in VIEWS[name]] else ""


def preview_lead(request: HttpRequest, campaign: Campaign) -> tuple[Lead, list[Lead]]:
    """The one asked for by name, address or number, else a member of the segment, else an invented person.

    The second value: whom the search found besides, when it found several.
    """
    asked = _asked(request)
    people = Lead.objects.visible_to(request.user).filter(merged_into=None).select_related("company", "score")
    if asked:
        found = list(_search(people, asked)[: FOUND + 1])
        if found:
            return found[0], found[:FOUND] if len(found) > 1 else []
    members = people.filter(pk__in=segments.members(campaign.segment).values("pk"))
    invented = Lead(first_name="Ingrid", last_name="Solheim", email="ingrid@example.com", language="")
    return members.exclude(email=None).order_by("-pk").first() or invented, []


def _search(people: QuerySet[Lead], asked: str) -> QuerySet[Lead]:
    """An exact number or address means one lead; anything else is a part of a name or an address."""
    if asked.isdecimal() and len(asked) < 19:
        return people.filter(pk=int(asked))
    exact = people.filter(email__iexact=asked)
    if "@" in asked and exact.exists():
        return exact
    return people.matching(asked).order_by("-pk")  # type: ignore[attr-defined]


def _asked(request: HttpRequest) -> str:
    return _shown(request).get("lead", "").strip()[:254].replace("\x00", "")


def _shown(request: HttpRequest) -> QueryDict:
    """What is saved shows the preview as it was: the form carries the part of its address behind the question mark."""
    said = request.POST.get("shown")
    return request.GET if said is None else QueryDict(said[:2_000])


def _fits(lead: Lead, asked: str) -> bool:
    everything = f"{lead.name} {lead.email or ''}".lower()
    return all(word in everything for word in asked.lower().split()[:4])
