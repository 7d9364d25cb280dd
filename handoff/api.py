"""The REST API of handoffs: hand over, accept, reject. Two answers never both win; the loser is told who and when."""

from collections.abc import Callable
from typing import Any, TypeVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from accounts.models import User
from accounts.pages import NewestFirst
from accounts.problems import Conflict
from handoff.errors import AlreadyAnswered, HandoffError, NoteRequired
from handoff.models import Handoff, Holding, RejectReason
from handoff.serializers import (
    HandoffSerializer,
    HeldSerializer,
    NewHandoffSerializer,
    RejectionSerializer,
    RejectReasonSerializer,
)
from handoff.services.answers import accept, reject
from handoff.services.offers import offer_or_hold
from leads.models import Lead
from scoring.models import QualificationCycle

KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Sending the same again does nothing twice."
)


Row = TypeVar("Row")


class HandoffFilter(django_filters.FilterSet):
    lead = django_filters.NumberFilter(field_name="lead_id", min_value=1, max_value=2**63 - 1)
    rep = django_filters.NumberFilter(field_name="rep_id", min_value=1, max_value=2**63 - 1)
    open = django_filters.BooleanFilter(method="by_open", help_text="Offered and not answered yet.")

    class Meta:
        model = Handoff
        fields: list[str] = []

    def by_open(self, handoffs: QuerySet[Handoff], name: str, value: bool) -> QuerySet[Handoff]:
        waiting = Handoff.objects.open().values("pk")
        return handoffs.filter(pk__in=waiting) if value else handoffs.exclude(pk__in=waiting)


class HandoffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Handoffs you may see, newest first."""

    queryset = Handoff.objects.none()
    serializer_class = HandoffSerializer
    filterset_class = HandoffFilter
    pagination_class = NewestFirst
    lookup_value_regex = "[0-9]{1,18}"
    read_scope, write_scope = "handoffs:read", "handoffs:write"

    def get_queryset(self) -> QuerySet[Handoff]:
        handoffs = Handoff.objects.visible_to(self.request.user)
        return handoffs.select_related("lead", "cycle", "rep", "reject_reason").prefetch_related("clocks")

    @extend_schema(
        request=NewHandoffSerializer,
        responses={201: HandoffSerializer, 202: HeldSerializer},
        parameters=[KEY],
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Hands the lead over. 202 when nobody can take it now, so that it waits; 409 when it is not waiting for it."""
        form = NewHandoffSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        found = _or_conflict(
            lambda: offer_or_hold(
                cycle=_open_cycle(request, given["lead"]),
                actor=request.user,
                rep=_rep(given.get("rep")),
                note=given.get("note", ""),
            )
        )
        if isinstance(found, Holding):
            return Response(HeldSerializer(found).data, status=202)
        return self._shown(found, status=201)

    @extend_schema(request=None, responses={201: HandoffSerializer}, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def acceptance(self, request: Request, pk: str) -> Response:
        """The rep takes the lead. 409 with who and when if it was answered before."""
        handoff = self.get_object()
        return self._shown(_or_conflict(lambda: accept(handoff=handoff, actor=request.user)), status=201)

    @extend_schema(request=RejectionSerializer, responses={201: HandoffSerializer}, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def rejection(self, request: Request, pk: str) -> Response:
        """The rep says no, with a reason. 409 with who and when if it was answered before."""
        handoff = self.get_object()
        form = RejectionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        reason, note = _reason(form.validated_data["reason"]), form.validated_data.get("note", "")
        answered = _or_conflict(lambda: reject(handoff=handoff, actor=request.user, reason=reason, note=note))
        return self._shown(answered, status=201)

    def _shown(self, handoff: Handoff, *, status: int) -> Response:
        """Whoever acted may see the result, even once it belongs to somebody else."""
        fresh = Handoff.objects.select_related("reject_reason").prefetch_related("clocks").get(pk=handoff.pk)
        return Response(HandoffSerializer(fresh).data, status=status)


class RejectReasonViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The reasons a rep may give, by digit."""

    queryset = RejectReason.objects.filter(active=True)
    serializer_class = RejectReasonSerializer
    pagination_class = None
    filter_backends = ()
    read_scope = "handoffs:read"


def _open_cycle(request: Request, lead_id: int) -> QualificationCycle:
    """404 for a stranger's lead; 409 for one that is no MQL."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=lead_id)
    cycle = QualificationCycle.objects.open().filter(lead=lead).first()
    if cycle is None:
        raise Conflict(f"{lead.name} is not an MQL, so there is nothing to hand over.")
    return cycle


def _rep(pk: int | None) -> User | None:
    if pk is None:
        return None
    rep = User.objects.filter(pk=pk).first()
    if rep is None:
        raise ValidationError({"rep": ["There is nobody with this id."]})
    return rep


def _reason(digit: int) -> RejectReason:
    reason = RejectReason.objects.filter(digit=digit, active=True).first()
    if reason is None:
        raise ValidationError({"reason": ["There is no active reason with this digit."]})
    return reason


def _or_conflict(act: Callable[[], Row]) -> Row:
    try:
        return act()
    except NoteRequired as error:
        raise ValidationError({"note": [str(error)]}) from error
    except AlreadyAnswered as error:
        raise Conflict(_who_and_when(error)) from error
    except HandoffError as error:
        raise Conflict(str(error)) from error


def _who_and_when(error: AlreadyAnswered) -> dict[str, Any]:
    at = error.when.isoformat() if error.when else ""
    return {"error": str(error), "answered_by": str(error.who or ""), "answered_at": at}
