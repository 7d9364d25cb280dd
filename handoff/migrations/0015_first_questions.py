"""What an installation starts with: a few questions after accepting and after the end. Admins edit them."""

from django.db import migrations

REASONS = ["Right person, right time", "Right person, too early", "Wrong person", "Wrong company", "No need"]
QUESTIONS = {
    "accept": (
        ("How good was this lead?", "rating", [], True),
        ("What describes it best?", "choice", REASONS, False),
        ("Anything marketing should know?", "text", [], False),
    ),
    "close": (
        ("Looking back, how good was this lead?", "rating", [], True),
        ("Would you take another one like it?", "yes_no", [], False),
        ("What decided it?", "text", [], False),
    ),
}


def start(apps, schema_editor):
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


class Migration(migrations.Migration):
    dependencies = [("handoff", "0014_feedback")]
    operations = [migrations.RunPython(start, migrations.RunPython.noop)]
