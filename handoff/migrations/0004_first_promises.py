"""What an installation starts with: a working week, one promise, and the reasons to say no. Admins edit them."""

from django.db import migrations

# digit: label, consequence, needs a note
REASONS = {
    1: ("Not ready yet", "recycle", False),
    2: ("No budget now", "recycle", False),
    3: ("Wrong person, right company", "return", False),
    4: ("Wrong company or size", "disqualify", False),
    5: ("Could not be reached", "recycle", False),
    6: ("Existing customer or duplicate", "return", True),
    7: ("Student, competitor or spam", "disqualify", False),
}


def start(apps, schema_editor):
    calendars = apps.get_model("handoff", "BusinessCalendar").objects
    policies = apps.get_model("handoff", "SlaPolicy").objects
    reasons = apps.get_model("handoff", "RejectReason").objects
    calendar, _ = calendars.get_or_create(name="Working week")
    policies.get_or_create(is_default=True, defaults={"name": "Standard promise", "calendar": calendar})
    for digit, (label, consequence, needs_note) in REASONS.items():
        reasons.get_or_create(
            label=label, defaults={"digit": digit, "consequence": consequence, "needs_note": needs_note}
        )


class Migration(migrations.Migration):
    dependencies = [("handoff", "0003_answers_settle")]
    operations = [migrations.RunPython(start, migrations.RunPython.noop)]
