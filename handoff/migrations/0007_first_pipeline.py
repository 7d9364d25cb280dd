"""What an installation starts with: five stages and the usual reasons for a loss. Admins edit them."""

from django.db import migrations

STAGES = (
    ("Qualified", "open"),
    ("Demo", "open"),
    ("Proposal", "open"),
    ("Negotiation", "open"),
    ("Won", "won"),
    ("Lost", "lost"),
)
REASONS = (
    ("Price", False),
    ("Chose somebody else", False),
    ("No decision", False),
    ("No budget", False),
    ("Missing feature", True),
    ("Went silent", False),
    ("Another reason", True),
)


def start(apps, schema_editor):
    stages = apps.get_model("handoff", "PipelineStage").objects
    reasons = apps.get_model("handoff", "CloseReason").objects
    for place, (name, kind) in enumerate(STAGES, 1):
        stages.get_or_create(name=name, defaults={"kind": kind, "order": place * 10})
    for place, (label, needs_note) in enumerate(REASONS, 1):
        reasons.get_or_create(label=label, defaults={"order": place * 10, "needs_note": needs_note})


class Migration(migrations.Migration):
    dependencies = [("handoff", "0006_opportunities")]
    operations = [migrations.RunPython(start, migrations.RunPython.noop)]
