"""The REST API of scores. Read only: a score follows from what a lead is and does."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.pages import NewestFirst
from accounts.problems import Conflict
from leads.models import Lead
from scoring.explain import NothingPublished, explain
from scoring.lookback import scored_by
from scoring.models import ModelVersion, Score
from scoring.serializers import ExplanationSerializer, MomentSerializer, ScoreSerializer

AS_OF = OpenApiParameter(
    "as_of", str, description="An instant such as 2026-11-17T14:26:00Z; now when left out."
)


class ScoreFilter(django_filters.FilterSet):
    at_least = django_filters.NumberFilter(
        field_name="total", lookup_expr="gte", min_value=-(2**31), max_value=2**31 - 1
    )
    band = django_filters.CharFilter()
    qualified = django_filters.BooleanFilter()

    class Meta:
        model = Score
        fields: list[str] = []


class HighestFirst(NewestFirst):
    ordering = ("-total", "-lead_id")


class ScoreViewSet(viewsets.ReadOnlyModelViewSet):
    """Scores of the leads you may see, highest first; addressed by the lead's id."""

    queryset = Score.objects.none()
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilter
    pagination_class = HighestFirst
    lookup_value_regex = "[0-9]{1,18}"
    read_scope = "scores:read"

    def get_queryset(self) -> QuerySet[Score]:
        scores = Score.objects.visible_to(self.request.user).filter(lead__merged_into=None)
        return scores.select_related("version", "lead__prediction").defer("lead__prediction__reasons")

    @extend_schema(responses=ExplanationSerializer, parameters=[AS_OF])
    @action(detail=True)
    def explanation(self, request: Request, pk: str) -> Response:
        """Why the score is what it is, now or at any instant: lines that sum to the total."""
        lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)
        asked = MomentSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(ExplanationSerializer(_explained(lead, asked.validated_data.get("as_of"))).data)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "teller": ModelVersion.objects.teller()}


def _explained(lead: Lead, as_of: Any) -> Any:
    """Now: by the version that the score itself is of. Then: by the one in force now."""
    try:
        return explain(lead, as_of=as_of, version=None if as_of else scored_by(lead))
    except NothingPublished as error:
        raise Conflict(str(error)) from error
