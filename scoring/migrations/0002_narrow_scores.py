from django.db import migrations


class Migration(migrations.Migration):
    """Room on every page of the score table, so that a changed score stays on its page (a HOT update)."""

    dependencies = [("scoring", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE scoring_score SET (fillfactor = 50)", "ALTER TABLE scoring_score RESET (fillfactor)"
        )
    ]
