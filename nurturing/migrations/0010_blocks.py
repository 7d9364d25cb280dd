"""What a mail says becomes a list of blocks."""

from django.db import migrations, models

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [("nurturing", "0009_throttles")]

    operations = [
        AtOnce(
            [
                migrations.AddField(
                    model_name="step",
                    name="content",
                    field=models.JSONField(
                        blank=True, default=list, help_text="Blocks: nurturing.content.schema."
                    ),
                ),
                migrations.AddField(
                    model_name="step",
                    name="preheader",
                    field=models.CharField(
                        blank=True, help_text="Shown after the subject in the list of mails.", max_length=200
                    ),
                ),
                migrations.AddField(
                    model_name="stepevent",
                    name="content",
                    field=models.JSONField(
                        blank=True, default=list, help_text="Blocks: nurturing.content.schema."
                    ),
                ),
                migrations.AddField(
                    model_name="stepevent",
                    name="preheader",
                    field=models.CharField(
                        blank=True, help_text="Shown after the subject in the list of mails.", max_length=200
                    ),
                ),
            ]
        )
    ]
