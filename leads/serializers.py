"""People and activities as the API shows and takes them. What values mean is leads.values' to say."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leads.capture.segment import BadMessage, check_size
from leads.kinds import is_kind
from leads.models import Activity, Company, Lead

OWN_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,59}")


class CompanySerializer(serializers.ModelSerializer):
    class Meta:
        model = Company
        fields = ("id", "name", "domain", "industry", "employees", "revenue", "country", "technologies")


class LeadSerializer(serializers.ModelSerializer):
    """One person, as we know them now."""

    name = serializers.CharField(read_only=True)
    company = CompanySerializer(read_only=True)
    external_ids = serializers.SerializerMethodField()
    last_active_at = serializers.DateTimeField(
        source="pulse.last_active_at", default=None, read_only=True, allow_null=True
    )
    provenance = serializers.DictField(read_only=True, help_text="Of each value: source, time, confidence.")

    class Meta:
        model = Lead
        fields = (
            *("id", "email", "name", "first_name", "last_name", "phone", "title", "seniority", "department"),
            *("country", "city", "time_zone", "company", "source", "campaign", "custom", "stage", "owner"),
            *("external_ids", "created_at", "last_active_at", "provenance"),
        )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_external_ids(self, lead: Lead) -> list[str]:
        return sorted(name.value for name in lead.identities.all() if name.kind == "external")


class LeadChangeSerializer(serializers.Serializer):
    """Values to set; what is left out stays. Null means "not known" and clears nothing, unless a person does it."""

    email = serializers.EmailField(required=False, allow_null=True, max_length=254)
    name = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=150,
        help_text="The whole name; the last word is the family name. Given first and last names win.",
    )
    first_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=150)
    last_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=150)
    phone = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    title = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=200)
    seniority = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=200)
    department = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    country = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    city = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    time_zone = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=64)
    source = serializers.CharField(  # type: ignore[assignment]  # the lead's field; DRF has an argument so named
        required=False, allow_null=True, allow_blank=True, max_length=100
    )
    campaign = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=150)
    company = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=200, help_text="Its name."
    )
    company_domain = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=253)
    industry = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    employees = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**31 - 1)
    revenue = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10**15)
    company_country = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=100)
    technologies = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, allow_null=True, max_length=50
    )
    custom = serializers.DictField(
        child=serializers.JSONField(), required=False, help_text="Own fields by key; new keys are registered."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)

    def validate_custom(self, custom: dict[str, Any]) -> dict[str, Any]:
        for key, value in custom.items():
            if not OWN_KEY.fullmatch(key):
                raise serializers.ValidationError(
                    "Keys are lower-case letters, digits and underscores, 60 at most."
                )
            if isinstance(value, dict | list):
                raise serializers.ValidationError(f"{key} must be one value, not a list or an object.")
        return custom

    def values(self) -> dict[str, Any]:
        """By the keys of leads.fields."""
        given = dict(self.validated_data)
        own = {f"custom.{key}": value for key, value in given.pop("custom", {}).items()}
        return {key: value for key, value in given.items() if key != "external_id"} | own


class NewLeadSerializer(LeadChangeSerializer):
    """A person to add. The address or the external id says whether we know them already."""

    external_id = serializers.CharField(required=False, max_length=254)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values:
            raise serializers.ValidationError(
                "Say something of this person: an email, an external_id, a name."
            )
        return values


class ChangedLeadSerializer(LeadSerializer):
    """The lead after a change, and which of the asked values it did not take."""

    kept = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Values a machine may not replace: a colleague typed them, or they are newer.",
    )

    class Meta(LeadSerializer.Meta):
        fields = (*LeadSerializer.Meta.fields, "kept")  # type: ignore[assignment]


class ActivitySerializer(serializers.ModelSerializer):
    """`props` holds everything known of it; `amount` is in hundredths."""

    kind = serializers.CharField(source="shape.kind", read_only=True)
    machine = serializers.BooleanField(source="shape.machine", read_only=True)
    props = serializers.SerializerMethodField()

    class Meta:
        model = Activity
        fields = (
            *("id", "lead", "kind", "occurred_at", "received_at", "seconds", "amount", "machine"),
            *("message_id", "props"),
        )

    @extend_schema_field(serializers.DictField())
    def get_props(self, activity: Activity) -> dict[str, Any]:
        return {**activity.shape.props, **(activity.props or {})}


class NewActivitySerializer(serializers.Serializer):
    """Something a lead did. With a `message_id` it counts once, however often it is sent."""

    lead = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    kind = serializers.CharField(max_length=70)
    occurred_at = serializers.DateTimeField(required=False, help_text="Now when left out.")
    seconds = serializers.IntegerField(required=False, min_value=0, max_value=86_400)
    amount = serializers.IntegerField(required=False, min_value=-(10**15), max_value=10**15)
    message_id = serializers.CharField(required=False, max_length=100)
    props = serializers.DictField(required=False)

    def validate_props(self, props: dict[str, Any]) -> dict[str, Any]:
        try:
            check_size(props)
        except BadMessage as error:
            raise serializers.ValidationError(str(error)) from error
        return props

    def validate_kind(self, kind: str) -> str:
        if not is_kind(kind):
            raise serializers.ValidationError("No such kind. Kinds of your own look like custom:name.")
        return kind


class RecordedSerializer(serializers.Serializer):
    """Whether the activity was new; false when its message_id had been seen before."""

    recorded = serializers.BooleanField()
