"""The REST API of people and what they did. Every queryset begins at `visible_to`."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, Concat, Lower
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from accounts.models import ApiToken, User
from accounts.pages import NewestFirst
from accounts.problems import Conflict
from leads.models import Activity, FieldSource, Lead
from leads.serializers import (
    ActivitySerializer,
    ChangedLeadSerializer,
    LeadChangeSerializer,
    LeadSerializer,
    NewActivitySerializer,
    NewLeadSerializer,
    RecordedSerializer,
)
from leads.services.activities import BadActivity, record_activity
from leads.services.people import AddressTaken, BadFields, TwoPeople, update_fields, upsert_lead

KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Sending the same again does nothing twice."
)
# The expression of lead_search_idx, word for word.
SEARCHED = Lower(
    Concat(
        Coalesce("email", Value("")),
        Value(" "),
        "first_name",
        Value(" "),
        "last_name",
        output_field=TextField(),
    )
)


class LeadFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_words", help_text="Part of the name or the e-mail address.")
    email = django_filters.CharFilter(method="by_email", help_text="The whole address, in any case.")
    external_id = django_filters.CharFilter(method="by_external_id")
    stage = django_filters.ChoiceFilter(choices=Lead.Stage.choices)
    owner = django_filters.NumberFilter(field_name="owner_id")
    source = django_filters.CharFilter()
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Lead
        fields: list[str] = []

    def by_words(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return leads.annotate(searched=SEARCHED).filter(searched__contains=value.lower())

    def by_email(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        address = Lower("email", output_field=CharField())
        return leads.annotate(address=address).filter(address=value.strip().lower())

    def by_external_id(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return leads.filter(identities__kind="external", identities__value=value)


class LeadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Leads you may see, newest first."""

    queryset = Lead.objects.none()
    serializer_class = LeadSerializer
    filterset_class = LeadFilter
    pagination_class = NewestFirst
    lookup_value_regex = "[0-9]{1,18}"
    read_scope, write_scope = "leads:read", "leads:write"

    def get_queryset(self) -> QuerySet[Lead]:
        leads = Lead.objects.visible_to(self.request.user)
        return leads.select_related("company", "pulse").prefetch_related("identities")

    @extend_schema(
        request=NewLeadSerializer, responses={201: LeadSerializer, 200: LeadSerializer}, parameters=[KEY]
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """201 for a new lead; 200 when the address or the external id is known, with the values brought up to date."""
        if request.user.is_rep:  # type: ignore[union-attr]
            raise PermissionDenied("Reps work the leads they are handed; marketing adds new ones.")
        form = NewLeadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            lead, verdict = upsert_lead(
                values=form.values(),
                external_id=form.validated_data.get("external_id"),
                source=source_of(request),
                actor=actor_of(request),
            )
        except BadFields as error:
            raise as_problem(error) from error
        except TwoPeople as error:
            raise Conflict(str(error)) from error
        shown = LeadSerializer(self.get_queryset().get(pk=lead.pk)).data
        return Response(shown, status=201 if verdict == "new" else 200)

    @extend_schema(request=LeadChangeSerializer, responses=ChangedLeadSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Sets what is given. A machine replaces neither what a colleague typed nor what is newer: see `kept`."""
        lead = self.get_object()
        form = LeadChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.values()
        try:
            changed = update_fields(
                lead=lead, values=values, source=source_of(request), actor=actor_of(request)
            )
        except AddressTaken as error:
            raise Conflict("Another lead has this address.") from error
        except BadFields as error:
            raise as_problem(error) from error
        fresh = self.get_queryset().get(pk=lead.pk)
        kept = sorted(key for key in values if key not in changed and not _has(fresh, key, values[key]))
        return Response({**LeadSerializer(fresh).data, "kept": kept})


class ActivityFilter(django_filters.FilterSet):
    lead = django_filters.NumberFilter(field_name="lead_id", required=True, min_value=1, max_value=2**63 - 1)
    kind = django_filters.CharFilter(field_name="shape__kind")
    after = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="gte")
    before = django_filters.IsoDateTimeFilter(field_name="occurred_at", lookup_expr="lt")

    class Meta:
        model = Activity
        fields: list[str] = []


class NewestActivityFirst(NewestFirst):
    ordering = ("-occurred_at", "-id")


class ActivityViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """What one lead did, newest first."""

    queryset = Activity.objects.none()
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilter
    pagination_class = NewestActivityFirst
    read_scope, write_scope = "leads:read", "leads:write"

    def get_queryset(self) -> QuerySet[Activity]:
        return Activity.objects.visible_to(self.request.user).select_related("shape")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().filter_queryset(queryset)
        visible_lead(self.request, self.request.query_params["lead"])
        return found

    @extend_schema(
        request=NewActivitySerializer,
        responses={201: RecordedSerializer, 200: RecordedSerializer},
        parameters=[KEY],
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """201 when it is new; 200 when its `message_id` was seen before."""
        form = NewActivitySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        lead = visible_lead(request, given.pop("lead"))
        try:
            new = record_activity(lead=lead, **given)
        except BadActivity as error:
            raise ValidationError({"occurred_at": [str(error)]}) from error
        return Response({"recorded": new}, status=201 if new else 200)


def visible_lead(request: Request, pk: Any) -> Lead:
    """404 for a stranger's lead as for none at all."""
    return get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)


def source_of(request: Request) -> str:
    """A token is a machine; a colleague who is signed in typed it."""
    return (FieldSource.API if isinstance(request.auth, ApiToken) else FieldSource.TYPED).value


def actor_of(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def as_problem(error: BadFields) -> ValidationError:
    """Own fields come back under their group: custom.size."""
    return ValidationError({key: [words] for key, words in error.errors.items()})


def _has(lead: Lead, key: str, wanted: Any) -> bool:
    """Whether the lead says the same already, in whatever spelling."""
    group, _, own = key.partition(".")
    if own:
        held = lead.custom.get(own)
    elif key == "company" or not hasattr(lead, key):
        name = {"company": "name", "company_domain": "domain", "company_country": "country"}.get(group, group)
        held = getattr(lead.company, name, None)
    else:
        held = getattr(lead, key)
    return (held or None) == (wanted or None) or str(held).casefold() == str(wanted).strip().casefold()
