"""The sending rules begin with what most readers take well; admins change them."""

from typing import Any

from django.db import migrations


def begin(apps: Any, editor: Any) -> None:
    apps.get_model("nurturing", "SendingRules").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("nurturing", "0018_sending_rules")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
