import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0009_re_entries"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("scoring", "0004_score_checks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="Approval",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                ),
                migrations.CreateModel(
                    name="HeldLead",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waits for its turn"),
                                    ("quiet", "Kept quiet"),
                                    ("released", "Handed on"),
                                    ("dismissed", "Dismissed"),
                                    ("left", "Left by itself"),
                                ],
                                max_length=9,
                            ),
                        ),
                        ("total", models.IntegerField(help_text="The score when it was held.")),
                        ("band", models.CharField(max_length=2)),
                        ("reason", models.CharField(help_text="Why it qualifies, in words.", max_length=300)),
                        (
                            "held_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        ("words", models.CharField(blank=True, help_text="Why it went.", max_length=300)),
                    ],
                ),
                migrations.CreateModel(
                    name="HeldLeadEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waits for its turn"),
                                    ("quiet", "Kept quiet"),
                                    ("released", "Handed on"),
                                    ("dismissed", "Dismissed"),
                                    ("left", "Left by itself"),
                                ],
                                max_length=9,
                            ),
                        ),
                        ("total", models.IntegerField(help_text="The score when it was held.")),
                        ("band", models.CharField(max_length=2)),
                        ("reason", models.CharField(help_text="Why it qualifies, in words.", max_length=300)),
                        (
                            "held_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        ("words", models.CharField(blank=True, help_text="Why it went.", max_length=300)),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Publication",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "mode",
                            models.CharField(
                                choices=[
                                    ("fire", "Score everybody anew, and hand on those who qualify"),
                                    ("silent", "Score everybody anew, silently"),
                                    ("new_events", "Only on new events"),
                                ],
                                default="fire",
                                max_length=10,
                            ),
                        ),
                        (
                            "per_hour",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="At most so many leads are handed on in an hour; the rest wait. Empty means no limit.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10000),
                                ],
                                verbose_name="MQLs an hour",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Scheduled"),
                                    ("done", "Published"),
                                    ("cancelled", "Cancelled"),
                                    ("blocked", "Blocked"),
                                ],
                                default="waiting",
                                max_length=9,
                            ),
                        ),
                        (
                            "due_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "requested_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "words",
                            models.CharField(blank=True, help_text="What stood in the way.", max_length=1000),
                        ),
                        (
                            "rescored_at",
                            models.DateTimeField(
                                blank=True, help_text="When the last lead was scored under it.", null=True
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PublicationEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "mode",
                            models.CharField(
                                choices=[
                                    ("fire", "Score everybody anew, and hand on those who qualify"),
                                    ("silent", "Score everybody anew, silently"),
                                    ("new_events", "Only on new events"),
                                ],
                                default="fire",
                                max_length=10,
                            ),
                        ),
                        (
                            "per_hour",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="At most so many leads are handed on in an hour; the rest wait. Empty means no limit.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10000),
                                ],
                                verbose_name="MQLs an hour",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Scheduled"),
                                    ("done", "Published"),
                                    ("cancelled", "Cancelled"),
                                    ("blocked", "Blocked"),
                                ],
                                default="waiting",
                                max_length=9,
                            ),
                        ),
                        (
                            "due_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "requested_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "words",
                            models.CharField(blank=True, help_text="What stood in the way.", max_length=1000),
                        ),
                        (
                            "rescored_at",
                            models.DateTimeField(
                                blank=True, help_text="When the last lead was scored under it.", null=True
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="PublishingPolicy",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "needs_approval",
                            models.BooleanField(
                                default=False,
                                help_text="A second admin must approve a draft as it stands before it can be published.",
                                verbose_name="two people",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "publishing policy",
                        "verbose_name_plural": "publishing policy",
                    },
                ),
                migrations.CreateModel(
                    name="PublishingPolicyEvent",
                    fields=[
                        ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                        ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                        ("pgh_label", models.TextField(help_text="The event label.")),
                        ("id", models.BigIntegerField()),
                        (
                            "needs_approval",
                            models.BooleanField(
                                default=False,
                                help_text="A second admin must approve a draft as it stands before it can be published.",
                                verbose_name="two people",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="rule",
                    name="freeze_rule",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="rulegroup",
                    name="freeze_group",
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="rule",
                    trigger=pgtrigger.compiler.Trigger(
                        name="freeze_rule",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE frozen boolean;",
                            func="PERFORM 1 FROM scoring_modelversion v WHERE v.id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END, CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END) FOR SHARE; SELECT EXISTS (SELECT 1 FROM scoring_modelversion v WHERE v.state <> 'draft' AND v.id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END, CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END)) INTO frozen; IF frozen THEN RAISE EXCEPTION 'a published scoring version never changes' USING ERRCODE = 'restrict_violation'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;",
                            hash="2b589ab0fbd6c75ef1a32e4ce721ea23d3a05282",
                            operation="INSERT OR UPDATE OR DELETE",
                            pgid="pgtrigger_freeze_rule_5ba85",
                            table="scoring_rule",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="rulegroup",
                    trigger=pgtrigger.compiler.Trigger(
                        name="freeze_group",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE frozen boolean;",
                            func="PERFORM 1 FROM scoring_modelversion v WHERE v.id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END, CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END) FOR SHARE; SELECT EXISTS (SELECT 1 FROM scoring_modelversion v WHERE v.state <> 'draft' AND v.id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END, CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END)) INTO frozen; IF frozen THEN RAISE EXCEPTION 'a published scoring version never changes' USING ERRCODE = 'restrict_violation'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;",
                            hash="39ff27d2c001b96e43e2659b37eb5c0e503844ec",
                            operation="INSERT OR UPDATE OR DELETE",
                            pgid="pgtrigger_freeze_group_dfefd",
                            table="scoring_rulegroup",
                            when="BEFORE",
                        ),
                    ),
                ),
                migrations.AddField(
                    model_name="approval",
                    name="by",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="approval",
                    name="version",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="scoring.modelversion",
                    ),
                ),
                migrations.AddField(
                    model_name="heldlead",
                    name="cycle",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="scoring.qualificationcycle",
                    ),
                ),
                migrations.AddField(
                    model_name="heldlead",
                    name="lead",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="holds", to="leads.lead"
                    ),
                ),
                migrations.AddField(
                    model_name="heldlead",
                    name="settled_by",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="heldleadevent",
                    name="cycle",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scoring.qualificationcycle",
                    ),
                ),
                migrations.AddField(
                    model_name="heldleadevent",
                    name="lead",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="leads.lead",
                    ),
                ),
                migrations.AddField(
                    model_name="heldleadevent",
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
                    model_name="heldleadevent",
                    name="pgh_obj",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scoring.heldlead",
                    ),
                ),
                migrations.AddField(
                    model_name="heldleadevent",
                    name="settled_by",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="publication",
                    name="requested_by",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="publication",
                    name="settled_by",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="publication",
                    name="version",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publications",
                        to="scoring.modelversion",
                    ),
                ),
                migrations.AddField(
                    model_name="heldleadevent",
                    name="publication",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scoring.publication",
                    ),
                ),
                migrations.AddField(
                    model_name="heldlead",
                    name="publication",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held",
                        to="scoring.publication",
                    ),
                ),
                migrations.AddField(
                    model_name="publicationevent",
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
                    model_name="publicationevent",
                    name="pgh_obj",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scoring.publication",
                    ),
                ),
                migrations.AddField(
                    model_name="publicationevent",
                    name="requested_by",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="publicationevent",
                    name="settled_by",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    model_name="publicationevent",
                    name="version",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scoring.modelversion",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="publishingpolicy",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="publishing_policy_single"
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publishingpolicy",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_publishingpolicyevent" ("id", "needs_approval", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."needs_approval", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                            hash="b8cb610f8ea0d49bd8f68daff04e17468742b57a",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_6d35f",
                            table="scoring_publishingpolicy",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publishingpolicy",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "scoring_publishingpolicyevent" ("id", "needs_approval", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."needs_approval", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                            hash="01f1b405645c7c302065f576e901b9718c17e0ce",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_a5ec7",
                            table="scoring_publishingpolicy",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publishingpolicy",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_publishingpolicyevent" ("id", "needs_approval", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."id", OLD."needs_approval", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                            hash="1c8b38e678870d8411a77df060f44b2cc7c2392c",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_0622e",
                            table="scoring_publishingpolicy",
                            when="AFTER",
                        ),
                    ),
                ),
                migrations.AddField(
                    model_name="publishingpolicyevent",
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
                    model_name="publishingpolicyevent",
                    name="pgh_obj",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scoring.publishingpolicy",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="approval",
                    constraint=models.UniqueConstraint(
                        fields=("version", "fingerprint", "by"), name="approval_once"
                    ),
                ),
                migrations.AddIndex(
                    model_name="publication",
                    index=models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["due_at"],
                        name="publication_due_idx",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="publication",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("version",),
                        name="publication_one_waiting",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="publication",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("state", "done")),
                        fields=("version",),
                        name="publication_one_done",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="publication",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at", None), ("state", "waiting")),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True), ("settled_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="publication_settled",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="publication",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("per_hour", None), ("per_hour__gte", 1), _connector="OR"),
                        name="publication_pace_moves",
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publication",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_publicationevent" ("due_at", "id", "mode", "per_hour", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_at", "requested_by_id", "rescored_at", "settled_at", "settled_by_id", "state", "version_id", "words") VALUES (NEW."due_at", NEW."id", NEW."mode", NEW."per_hour", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."requested_at", NEW."requested_by_id", NEW."rescored_at", NEW."settled_at", NEW."settled_by_id", NEW."state", NEW."version_id", NEW."words"); RETURN NULL;',
                            hash="b4c691defa38fac15a6aa209d295d28bde692f2e",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_e79f6",
                            table="scoring_publication",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publication",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "scoring_publicationevent" ("due_at", "id", "mode", "per_hour", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_at", "requested_by_id", "rescored_at", "settled_at", "settled_by_id", "state", "version_id", "words") VALUES (NEW."due_at", NEW."id", NEW."mode", NEW."per_hour", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."requested_at", NEW."requested_by_id", NEW."rescored_at", NEW."settled_at", NEW."settled_by_id", NEW."state", NEW."version_id", NEW."words"); RETURN NULL;',
                            hash="b33981f4177ee8ff3fb8dc7389cfaf714d1498a2",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_a863d",
                            table="scoring_publication",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publication",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_publicationevent" ("due_at", "id", "mode", "per_hour", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "requested_at", "requested_by_id", "rescored_at", "settled_at", "settled_by_id", "state", "version_id", "words") VALUES (OLD."due_at", OLD."id", OLD."mode", OLD."per_hour", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."requested_at", OLD."requested_by_id", OLD."rescored_at", OLD."settled_at", OLD."settled_by_id", OLD."state", OLD."version_id", OLD."words"); RETURN NULL;',
                            hash="fbbb0f855d7f6b3cfae1c7873dcca383bc90f511",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_0d129",
                            table="scoring_publication",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="heldleadevent",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="12b1fe6eeee77df0eea01cff9149330b174c7725",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_9e560",
                            table="scoring_heldleadevent",
                            when="BEFORE",
                        ),
                    ),
                ),
                migrations.AddIndex(
                    model_name="heldlead",
                    index=models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["publication", "-total", "id"],
                        name="held_turn_idx",
                    ),
                ),
                migrations.AddIndex(
                    model_name="heldlead",
                    index=models.Index(
                        condition=models.Q(("state", "released")),
                        fields=["settled_at"],
                        name="held_released_idx",
                    ),
                ),
                migrations.AddIndex(
                    model_name="heldlead",
                    index=models.Index(fields=["lead", "-id"], name="held_lead_idx"),
                ),
                migrations.AddIndex(
                    model_name="heldlead",
                    index=models.Index(fields=["state", "-id"], name="held_state_idx"),
                ),
                migrations.AddConstraint(
                    model_name="heldlead",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "quiet"])),
                        fields=("lead",),
                        name="held_once",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="heldlead",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at", None), ("state__in", ["waiting", "quiet"])),
                            models.Q(
                                models.Q(("state__in", ["waiting", "quiet"]), _negated=True),
                                ("settled_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="held_settled",
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="heldlead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_heldleadevent" ("band", "cycle_id", "held_at", "id", "lead_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "publication_id", "reason", "settled_at", "settled_by_id", "state", "total", "words") VALUES (NEW."band", NEW."cycle_id", NEW."held_at", NEW."id", NEW."lead_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."publication_id", NEW."reason", NEW."settled_at", NEW."settled_by_id", NEW."state", NEW."total", NEW."words"); RETURN NULL;',
                            hash="db4d4a7c9034c4cd7c1acb3eaea54a1145bc6bc8",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_9e7d0",
                            table="scoring_heldlead",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="heldlead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "scoring_heldleadevent" ("band", "cycle_id", "held_at", "id", "lead_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "publication_id", "reason", "settled_at", "settled_by_id", "state", "total", "words") VALUES (NEW."band", NEW."cycle_id", NEW."held_at", NEW."id", NEW."lead_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."publication_id", NEW."reason", NEW."settled_at", NEW."settled_by_id", NEW."state", NEW."total", NEW."words"); RETURN NULL;',
                            hash="34b77bdd03873eda0264133cc918b02aefe892a5",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_b2dbe",
                            table="scoring_heldlead",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="heldlead",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "scoring_heldleadevent" ("band", "cycle_id", "held_at", "id", "lead_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "publication_id", "reason", "settled_at", "settled_by_id", "state", "total", "words") VALUES (OLD."band", OLD."cycle_id", OLD."held_at", OLD."id", OLD."lead_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."publication_id", OLD."reason", OLD."settled_at", OLD."settled_by_id", OLD."state", OLD."total", OLD."words"); RETURN NULL;',
                            hash="7df8e28475453152c92568ceeeddaaccc5bf3e85",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_a1a2d",
                            table="scoring_heldlead",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publicationevent",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="7cd86d7250e3c657694ec3af6d1dbf609e6e92c2",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_46a88",
                            table="scoring_publicationevent",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="publishingpolicyevent",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="aeb018839f66168bd147460b4597190a276250b8",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_10f9a",
                            table="scoring_publishingpolicyevent",
                            when="BEFORE",
                        ),
                    ),
                ),
            ]
        )
    ]
