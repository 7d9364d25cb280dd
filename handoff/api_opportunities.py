"""The REST API of deals: open, move, win, lose, reopen. `version` says which state the sender knew."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from accounts.pages import NewestFirst
from accounts.problems import Conflict
from handoff.api import KEY
from handoff.currencies import CODES, digits, fits
from handoff.errors import HandoffError, NoteRequired
from handoff.models import CloseReason, Handoff, Opportunity, PipelineStage
from handoff.models.opportunities import sensible_close
from handoff.services import opportunities as services

BIGGEST = 2**63 - 1


class MoneySerializer(serializers.Serializer):
    amount = serializers.DecimalField(
        max_digits=15, decimal_places=3, min_value=0, required=False, allow_null=True
    )
    currency = serializers.ChoiceField(choices=CODES)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        amount, currency = given.get("amount"), given["currency"]
        if amount is not None and not fits(amount, currency):
            raise ValidationError({"amount": [f"{currency} has at most {digits(currency)} decimals."]})
        return given


class NewOpportunitySerializer(MoneySerializer):
    """Opens a deal from an accepted handoff; one a handoff."""

    handoff = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    name = serializers.CharField(max_length=150)
    expected_close = serializers.DateField(required=False, allow_null=True, validators=[sensible_close])

    def terms(self) -> services.Terms:
        given = self.validated_data
        return services.Terms(
            given["name"], given.get("amount"), given["currency"], given.get("expected_close")
        )


class VersionSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class MoveSerializer(VersionSerializer):
    """To an open stage; to win or to lose a deal has a door of its own."""

    stage = serializers.PrimaryKeyRelatedField(queryset=PipelineStage.objects.filter(active=True))


class WinSerializer(MoneySerializer, VersionSerializer):
    amount = serializers.DecimalField(max_digits=15, decimal_places=3, min_value=0)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class LossSerializer(VersionSerializer):
    reason = serializers.PrimaryKeyRelatedField(queryset=CloseReason.objects.filter(active=True))
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class OpportunitySerializer(serializers.ModelSerializer):
    """A deal. Send its `version` with every change."""

    stage = serializers.CharField(source="stage.name", read_only=True)
    close_reason = serializers.CharField(
        source="close_reason.label", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = Opportunity
        fields = (
            *("id", "lead", "handoff", "owner", "name", "amount", "currency", "expected_close", "stage_id"),
            *("stage", "stage_since", "outcome", "close_reason", "close_note", "opened_at", "closed_at"),
            *("reopened", "version", "first_source", "first_campaign", "last_source", "last_campaign"),
        )
        read_only_fields = fields


class PipelineStageSerializer(serializers.ModelSerializer):
    class Meta:
        model = PipelineStage
        fields = ("id", "name", "kind", "order")


class CloseReasonSerializer(serializers.ModelSerializer):
    class Meta:
        model = CloseReason
        fields = ("id", "label", "needs_note")


class OpportunityFilter(django_filters.FilterSet):
    lead = django_filters.NumberFilter(field_name="lead_id", min_value=1, max_value=BIGGEST)
    owner = django_filters.NumberFilter(field_name="owner_id", min_value=1, max_value=BIGGEST)
    stage = django_filters.NumberFilter(field_name="stage_id", min_value=1, max_value=BIGGEST)
    open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")

    class Meta:
        model = Opportunity
        fields: list[str] = []


class OpportunityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Deals you may see, newest first."""

    queryset = Opportunity.objects.none()
    serializer_class = OpportunitySerializer
    filterset_class = OpportunityFilter
    pagination_class = NewestFirst
    lookup_value_regex = "[0-9]{1,18}"
    read_scope, write_scope = "opportunities:read", "opportunities:write"

    def get_queryset(self) -> QuerySet[Opportunity]:
        deals = Opportunity.objects.visible_to(self.request.user)
        return deals.select_related("stage", "close_reason", "lead", "handoff__cycle")

    @extend_schema(request=NewOpportunitySerializer, responses={201: OpportunitySerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Opens a deal. 409 when the handoff is not accepted, or has one already."""
        form = _read(NewOpportunitySerializer, request)
        handoffs = Handoff.objects.visible_to(request.user).select_related("lead", "cycle", "rep")
        handoff = get_object_or_404(handoffs, pk=form.validated_data["handoff"])
        terms = form.terms()
        return _shown(
            lambda: services.open_opportunity(handoff=handoff, actor=request.user, terms=terms), status=201
        )

    @extend_schema(request=MoveSerializer, responses=OpportunitySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def stage(self, request: Request, pk: str) -> Response:
        """Moves an open deal. 409 when it was changed since `version`."""
        return self._act(request, MoveSerializer, services.move)

    @extend_schema(request=WinSerializer, responses=OpportunitySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def win(self, request: Request, pk: str) -> Response:
        """The deal is won with this amount; its lead is a customer."""
        return self._act(request, WinSerializer, services.win)

    @extend_schema(request=LossSerializer, responses=OpportunitySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def loss(self, request: Request, pk: str) -> Response:
        """The deal is lost, for a reason; its lead goes back to nurture."""
        return self._act(request, LossSerializer, services.lose)

    @extend_schema(request=VersionSerializer, responses=OpportunitySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def reopening(self, request: Request, pk: str) -> Response:
        """A closed deal is open again, where it stood before."""
        return self._act(request, VersionSerializer, services.reopen)

    def _act(
        self, request: Request, form: type[serializers.Serializer], verb: Callable[..., Opportunity]
    ) -> Response:
        deal = self.get_object()
        given = dict(_read(form, request).validated_data)
        return _shown(lambda: verb(opportunity=deal, actor=request.user, **given))


class PipelineStageViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The stages of the pipeline, in order."""

    queryset = PipelineStage.objects.filter(active=True)
    serializer_class = PipelineStageSerializer
    pagination_class = None
    filter_backends = ()
    read_scope = "opportunities:read"


class CloseReasonViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The reasons for which a deal may be lost."""

    queryset = CloseReason.objects.filter(active=True)
    serializer_class = CloseReasonSerializer
    pagination_class = None
    filter_backends = ()
    read_scope = "opportunities:read"


def _read(form: type[serializers.Serializer], request: Request) -> Any:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    return given


def _shown(act: Callable[[], Opportunity], status: int = 200) -> Response:
    try:
        deal = act()
    except NoteRequired as error:
        raise ValidationError({"note": [str(error)]}) from error
    except HandoffError as error:
        raise Conflict(str(error)) from error
    fresh = Opportunity.objects.select_related("stage", "close_reason").get(pk=deal.pk)
    return Response(OpportunitySerializer(fresh).data, status=status)
