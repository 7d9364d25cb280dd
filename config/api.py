"""The REST API: one router over every app's doors, its schema, and pages to try it on."""

from typing import Any

from csp.decorators import csp_update
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from handoff.api import HandoffViewSet, RejectReasonViewSet
from handoff.api_opportunities import CloseReasonViewSet, OpportunityViewSet, PipelineStageViewSet
from leads.api import ActivityViewSet, LeadViewSet
from scoring.api import ScoreViewSet

router = SimpleRouter()
router.register("leads", LeadViewSet)
router.register("activities", ActivityViewSet)
router.register("scores", ScoreViewSet)
router.register("handoffs", HandoffViewSet)
router.register("reject-reasons", RejectReasonViewSet)
router.register("opportunities", OpportunityViewSet)
router.register("pipeline-stages", PipelineStageViewSet)
router.register("close-reasons", CloseReasonViewSet)


# Swagger draws its icons from data addresses; everything else comes from us.
@method_decorator(csp_update({"img-src": ["'self'", "data:"]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    template_name = "api/docs.html"


def urls() -> list[URLPattern | URLResolver]:
    pages: list[Any] = [
        path("schema/", SpectacularAPIView.as_view(), name="schema"),
        path("docs/", Docs.as_view(url_name="api:schema"), name="docs"),
    ]
    return [*router.urls, *pages]
