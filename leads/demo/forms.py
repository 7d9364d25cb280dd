"""The demo company's form: the guide that most of its prospects asked for, and what they sent."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from leads.form_questions import Definition, Question
from leads.models import Asset, FormVersion, Lead, Submission, Topic
from leads.services import forms

SEED = 13
SENT = 60
PAGE = "https://quillstone.example/guides/shift-cost"
INDUSTRIES = ("Energy", "Health", "Manufacturing", "Transport")


def load(*, now: datetime, size: int) -> str:
    asset = Asset.objects.create(name="What a shift really costs", url=PAGE + ".pdf")
    form = forms.create_form(name="Cost guide", slug="shift-cost", actor=None)
    forms.save_draft(form=form, name="Cost guide", definition=_definition(asset))
    version = forms.publish_form(form=form, actor=None)
    people = Lead.objects.exclude(email=None).filter(merged_into=None).order_by("-created_at")[:SENT]
    dice = random.Random(SEED)
    rows = [_sent(dice, version, lead) for lead in sorted(people, key=lambda lead: lead.created_at)]
    Submission.objects.bulk_create(rows)
    return f"1 form, {len(rows)} submissions"


def _definition(asset: Asset) -> Definition:
    return Definition(
        kicker={"en": "Free guide, 14 pages", "de": "Kostenloser Leitfaden, 14 Seiten"},
        title={"en": "What a shift really costs", "de": "Was eine Schicht wirklich kostet"},
        intro={
            "en": "How 38 plants and clinics found where their overtime comes from, with the sheet they used.",
            "de": "Wie 38 Werke und Kliniken fanden, woher ihre Überstunden kommen, mit ihrem Rechenblatt.",
        },
        points={
            "en": "A cost sheet you can fill in within ten minutes\nFive questions to ask before you change a rota\n"
            "Three worked examples, with numbers",
            "de": "Ein Rechenblatt, in zehn Minuten ausgefüllt\nFünf Fragen vor jedem neuen Dienstplan\n"
            "Drei durchgerechnete Beispiele",
        },
        button={"en": "Send me the guide", "de": "Leitfaden schicken"},
        thanks={"en": "Here is your guide.", "de": "Hier ist Ihr Leitfaden."},
        consent={"en": "Yes, send me by email:", "de": "Ja, schicken Sie mir per E-Mail:"},
        questions=_questions(),
        topics=tuple(Topic.objects.order_by("position").values_list("pk", flat=True)[:2]),
        asset=asset.pk,
        at_most=2,
        origins=("https://www.quillstone.example",),
        mapping={"your-name": "name", "your-email": "email"},
    )


def _questions() -> tuple[Question, ...]:
    sizes = ("1-50", "51-200", "201-1000", "1001+")
    return (
        Question("email", {"en": "Work email", "de": "Geschäftliche E-Mail"}, "email", required=True),
        Question("name", {"en": "Your name", "de": "Ihr Name"}, ask="unknown"),
        Question("title", {"en": "Your role", "de": "Ihre Rolle"}, ask="next"),
        Question(
            "employees", {"en": "How many people work for you?", "de": "Wie viele arbeiten bei Ihnen?"}, "choice",
            required=True, ask="next", choices=sizes, help={"en": "A rough number is fine.", "de": "Ungefähr genügt."},
        ),
        Question("industry", {"en": "Industry", "de": "Branche"}, "choice", ask="next", choices=INDUSTRIES),
    )  # fmt: skip


def _sent(dice: random.Random, version: FormVersion, lead: Lead) -> Submission:
    """Two in thirty came from the old form of the website, with a field that nobody mapped."""
    foreign = dice.random() < 0.07
    raw = {"email": lead.email or "", "name": lead.name, "title": lead.title}
    context: dict[str, Any] = {"page": PAGE, "language": "en"}
    if dice.random() < 0.4:
        context |= {"utm_source": "newsletter", "utm_campaign": "rota-week"}
    return Submission(
        form=version.form, version=version, lead=lead, state=Submission.State.TAKEN,
        raw=raw | {"how-did-you-hear": "A colleague"} if foreign else raw,
        shown=None if foreign else ["email", "name", "title"], context=context, taken=raw,
        dropped={"how-did-you-hear": "No field is mapped to it."} if foreign else {},
        at=lead.created_at, read_at=lead.created_at,
    )  # fmt: skip
