"""A claim writes its lease into a column that no index has, and beside the row: half of each page stays free for it."""

from django.db import migrations, models

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("nurturing", "0025_split_decisions"),
    ]

    operations = [
        AtOnce(
            [
                migrations.RemoveField(model_name="enrolment", name="was_due_at"),
                migrations.AddField(
                    model_name="enrolment",
                    name="lease_until",
                    field=models.DateTimeField(
                        help_text="Claimed until then. In no index, so that a claim writes to none.",
                        null=True,
                    ),
                ),
                migrations.AlterField(
                    model_name="enrolment",
                    name="due_at",
                    field=models.DateTimeField(help_text="When that step is due.", null=True),
                ),
            ]
        ),
        migrations.RunSQL(
            "ALTER TABLE nurturing_enrolment SET (fillfactor = 50)",
            "ALTER TABLE nurturing_enrolment RESET (fillfactor)",
        ),
    ]
