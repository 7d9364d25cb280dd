"""What an installation starts with, and what an older one must not be told anew. Admins edit the rest."""

from django.db import migrations
from django.db.models import F

STAGES = (
    ("Qualified", "open"),
    ("Demo", "open"),
    ("Proposal", "open"),
    ("Negotiation", "open"),
    ("Won", "won"),
    ("Lost", "lost"),
)
CLOSE_REASONS = (
    ("Price", False),
    ("Chose somebody else", False),
    ("No decision", False),
    ("No budget", False),
    ("Missing feature", True),
    ("Went silent", False),
    ("Another reason", True),
)
# Of the shipped reject reasons, as long as nobody changed them: days of cool-down, points taken, fields to put right
CONSEQUENCES = {
    "Not ready yet": (30, 10, []),
    "No budget now": (90, 0, []),
    "Could not be reached": (30, 5, []),
    "Wrong person, right company": (0, 0, ["first_name", "last_name", "email", "title"]),
    "Existing customer or duplicate": (0, 0, ["email", "company"]),
}
BEST_WORDS = [
    "Right person, right time",
    "Right person, too early",
    "Wrong person",
    "Wrong company",
    "No need",
]
QUESTIONS = {
    "accept": (
        ("How good was this lead?", "rating", [], True),
        ("What describes it best?", "choice", BEST_WORDS, False),
        ("Anything marketing should know?", "text", [], False),
    ),
    "close": (
        ("Looking back, how good was this lead?", "rating", [], True),
        ("Would you take another one like it?", "yes_no", [], False),
        ("What decided it?", "text", [], False),
    ),
}


def first_pipeline(apps, schema_editor):
    stages = apps.get_model("handoff", "PipelineStage").objects
    reasons = apps.get_model("handoff", "CloseReason").objects
    for place, (name, kind) in enumerate(STAGES, 1):
        stages.get_or_create(name=name, defaults={"kind": kind, "order": place * 10})
    for place, (label, needs_note) in enumerate(CLOSE_REASONS, 1):
        reasons.get_or_create(label=label, defaults={"order": place * 10, "needs_note": needs_note})


def first_consequences(apps, schema_editor):
    for label, (cool_down, points, fields) in CONSEQUENCES.items():
        reasons = apps.get_model("handoff", "RejectReason").objects.filter(label=label)
        reasons.filter(consequence="return" if fields else "recycle").update(
            cool_down_days=cool_down, lower_by=points, fix_fields=fields
        )


def first_questions(apps, schema_editor):
    """Questions are written while the form is a draft: afterwards they are frozen."""
    forms = apps.get_model("handoff", "FeedbackForm").objects
    question = apps.get_model("handoff", "FeedbackQuestion").objects
    for occasion, rows in QUESTIONS.items():
        if forms.filter(occasion=occasion).exists():
            continue
        form = forms.create(occasion=occasion, number=1, after_days=5 if occasion == "accept" else 1)
        for place, (text, kind, choices, required) in enumerate(rows, 1):
            question.create(
                form=form, position=place * 10, text=text, kind=kind, choices=choices, required=required
            )
        forms.filter(pk=form.pk).update(state="in_force")


def old_breaches_are_known(apps, schema_editor):
    """Nobody shall be told anew of what was on their screen before."""
    clocks = apps.get_model("handoff", "SlaClock").objects
    clocks.filter(breached_at__isnull=False).update(breach_told_at=F("breached_at"))


class Migration(migrations.Migration):
    dependencies = [("handoff", "0006_deals_routing_promises_feedback")]
    operations = [
        migrations.RunPython(step, migrations.RunPython.noop)
        for step in (first_pipeline, first_consequences, first_questions, old_breaches_are_known)
    ]
