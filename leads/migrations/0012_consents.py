import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0011_outreach_tasks"),
        ("pghistory", "0007_auto_20250421_0444"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="Consent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "subject_id",
                            models.BigIntegerField(help_text="The lead at the time; `lead` follows merges."),
                        ),
                        (
                            "address",
                            models.EmailField(
                                blank=True, help_text="In lower case, as it was then.", max_length=254
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[("email", "E-mail"), ("phone", "Phone"), ("ads", "Advertising")],
                                default="email",
                                max_length=8,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("given", "Agreed"),
                                    ("withdrawn", "Withdrawn"),
                                    ("paused", "Paused"),
                                    ("resumed", "Pause ended"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("consent", "Consent"),
                                    ("customer", "Existing customer"),
                                    ("interest", "Legitimate interest"),
                                    ("contract", "Contract"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "wording",
                            models.TextField(help_text="What the person read or said, word for word."),
                        ),
                        (
                            "version",
                            models.CharField(
                                blank=True, help_text="Which version of that wording.", max_length=60
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("form", "Form"),
                                    ("import", "Import"),
                                    ("api", "API"),
                                    ("preferences", "Preference page"),
                                    ("mail", "Mail program"),
                                    ("person", "Colleague"),
                                    ("upgrade", "Taken over at an upgrade"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("ip", models.GenericIPAddressField(null=True)),
                        (
                            "evidence",
                            models.JSONField(
                                default=dict,
                                help_text="Which mail, form, file or confirmation; with its times.",
                            ),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "expires_at",
                            models.DateTimeField(help_text="From then on it no longer counts.", null=True),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Topic",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        (
                            "description",
                            models.CharField(
                                blank=True,
                                help_text="What comes and how often, in the reader's words.",
                                max_length=200,
                            ),
                        ),
                        (
                            "public",
                            models.BooleanField(
                                default=True,
                                help_text="People may switch it on and off themselves.",
                                verbose_name="on the preference page",
                            ),
                        ),
                        (
                            "opt_in",
                            models.BooleanField(
                                default=False,
                                help_text="Otherwise everybody we may mail gets it until they switch it off.",
                                verbose_name="only for those who asked",
                            ),
                        ),
                        (
                            "double_opt_in",
                            models.BooleanField(
                                default=True,
                                help_text="Who asks for it on a form gets one mail first and confirms there.",
                                verbose_name="confirmed by a link",
                            ),
                        ),
                        (
                            "position",
                            models.PositiveSmallIntegerField(default=0, help_text="Lower ones stand first."),
                        ),
                    ],
                    options={
                        "ordering": ["position", "name"],
                    },
                ),
                migrations.CreateModel(
                    name="TopicEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        ("name", models.CharField(max_length=80)),
                        (
                            "description",
                            models.CharField(
                                blank=True,
                                help_text="What comes and how often, in the reader's words.",
                                max_length=200,
                            ),
                        ),
                        (
                            "public",
                            models.BooleanField(
                                default=True,
                                help_text="People may switch it on and off themselves.",
                                verbose_name="on the preference page",
                            ),
                        ),
                        (
                            "opt_in",
                            models.BooleanField(
                                default=False,
                                help_text="Otherwise everybody we may mail gets it until they switch it off.",
                                verbose_name="only for those who asked",
                            ),
                        ),
                        (
                            "double_opt_in",
                            models.BooleanField(
                                default=True,
                                help_text="Who asks for it on a form gets one mail first and confirms there.",
                                verbose_name="confirmed by a link",
                            ),
                        ),
                        (
                            "position",
                            models.PositiveSmallIntegerField(default=0, help_text="Lower ones stand first."),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="lead",
                    name="insert_insert",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="lead",
                    name="update_update",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="lead",
                    name="delete_delete",
                ),
                migrations.AddField(
                    model_name="lead",
                    name="language",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Such as en or de; blank when not known.",
                        max_length=8,
                    ),
                ),
                migrations.AddField(
                    model_name="leadevent",
                    name="language",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Such as en or de; blank when not known.",
                        max_length=8,
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="lead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "leads_leadevent" ("campaign", "city", "company_id", "country", "created_at", "custom", "department", "email", "first_name", "id", "language", "last_name", "merged_into_id", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "provenance", "seniority", "source", "stage", "time_zone", "title") SELECT new_values."campaign", new_values."city", new_values."company_id", new_values."country", new_values."created_at", new_values."custom", new_values."department", new_values."email", new_values."first_name", new_values."id", new_values."language", new_values."last_name", new_values."merged_into_id", new_values."owner_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."phone", new_values."provenance", new_values."seniority", new_values."source", new_values."stage", new_values."time_zone", new_values."title" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                            hash="17fee80dbfb8d214107122a9c1c7c07d7fee35fe",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_523c0",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="leads_lead",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="lead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "leads_leadevent" ("campaign", "city", "company_id", "country", "created_at", "custom", "department", "email", "first_name", "id", "language", "last_name", "merged_into_id", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "provenance", "seniority", "source", "stage", "time_zone", "title") SELECT new_values."campaign", new_values."city", new_values."company_id", new_values."country", new_values."created_at", new_values."custom", new_values."department", new_values."email", new_values."first_name", new_values."id", new_values."language", new_values."last_name", new_values."merged_into_id", new_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."phone", new_values."provenance", new_values."seniority", new_values."source", new_values."stage", new_values."time_zone", new_values."title" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                            hash="487c4371489dd6e191f134ebf06f424429e42e2e",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_17f2d",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="leads_lead",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="lead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "leads_leadevent" ("campaign", "city", "company_id", "country", "created_at", "custom", "department", "email", "first_name", "id", "language", "last_name", "merged_into_id", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "provenance", "seniority", "source", "stage", "time_zone", "title") SELECT old_values."campaign", old_values."city", old_values."company_id", old_values."country", old_values."created_at", old_values."custom", old_values."department", old_values."email", old_values."first_name", old_values."id", old_values."language", old_values."last_name", old_values."merged_into_id", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."phone", old_values."provenance", old_values."seniority", old_values."source", old_values."stage", old_values."time_zone", old_values."title" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                            hash="4b4093db3165721b947f9f54ec81d1355d6976c6",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9ddd5",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="leads_lead",
                            when="AFTER",
                        ),
                    ),
                ),
                migrations.AddField(
                    model_name="consent",
                    name="by",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="consent",
                    name="lead",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="consents", to="leads.lead"
                    ),
                ),
                migrations.AddField(
                    model_name="consent",
                    name="topic",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="leads.topic",
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="topic",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "leads_topicevent" ("description", "double_opt_in", "id", "name", "opt_in", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "public") VALUES (NEW."description", NEW."double_opt_in", NEW."id", NEW."name", NEW."opt_in", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."public"); RETURN NULL;',
                            hash="3ae20aee50f50d787fb87c058d0edd34e54dde4c",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_ac4b7",
                            table="leads_topic",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="topic",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "leads_topicevent" ("description", "double_opt_in", "id", "name", "opt_in", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "public") VALUES (NEW."description", NEW."double_opt_in", NEW."id", NEW."name", NEW."opt_in", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."public"); RETURN NULL;',
                            hash="6d05db0d8a238e1eee05e811576780450922d857",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_6b71c",
                            table="leads_topic",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="topic",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "leads_topicevent" ("description", "double_opt_in", "id", "name", "opt_in", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "public") VALUES (OLD."description", OLD."double_opt_in", OLD."id", OLD."name", OLD."opt_in", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."public"); RETURN NULL;',
                            hash="6d5348757e8779b5afdead07e33504bf53cd5318",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_78edd",
                            table="leads_topic",
                            when="AFTER",
                        ),
                    ),
                ),
                migrations.AddField(
                    model_name="topicevent",
                    name="pgh_context",
                    field=models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                migrations.AddField(
                    model_name="topicevent",
                    name="pgh_obj",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="leads.topic",
                    ),
                ),
                migrations.AddIndex(
                    model_name="consent",
                    index=models.Index(
                        fields=["lead", "topic", "channel", "-at", "-id"], name="consent_newest_idx"
                    ),
                ),
                migrations.AddIndex(
                    model_name="consent",
                    index=models.Index(
                        condition=models.Q(
                            ("topic", None),
                            models.Q(("state", "withdrawn"), ("expires_at__isnull", False), _connector="OR"),
                        ),
                        fields=["lead"],
                        name="consent_refusal_idx",
                    ),
                ),
                migrations.AddIndex(
                    model_name="consent",
                    index=models.Index(
                        condition=models.Q(("state", "paused")), fields=["lead"], name="consent_pause_idx"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="consent",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "given"), models.Q(("basis", ""), _negated=True)),
                            models.Q(models.Q(("state", "given"), _negated=True), ("basis", "")),
                            _connector="OR",
                        ),
                        name="consent_given_has_basis",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="consent",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "paused"), _negated=True),
                            ("expires_at__isnull", False),
                            _connector="OR",
                        ),
                        name="consent_pause_ends",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="consent",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("wording", ""), _negated=True), name="consent_has_wording"
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="consent",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only_consent",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'lead_id' = to_jsonb(OLD) - 'lead_id' THEN RETURN NEW; END IF; RAISE EXCEPTION 'the record of consents is append-only' USING ERRCODE = 'restrict_violation';",
                            hash="58bd355ba17b02d94751dc9f5225b1fdeec6c5cd",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_consent_f2d28",
                            table="leads_consent",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="topicevent",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="e4b6f9cedf5c1ba042bfda29c37138fdba4999e9",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_be28f",
                            table="leads_topicevent",
                            when="BEFORE",
                        ),
                    ),
                ),
            ]
        )
    ]
