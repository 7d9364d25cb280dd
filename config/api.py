"""The REST API: one router over every app's doors, its schema, and pages to try it on."""

from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
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


@csrf_exempt  # it changes nothing, and its answer is JSON whatever the method
def nothing_here(request: HttpRequest, rest: str) -> JsonResponse:
    """Unknown addresses, and ids that are no number of ours. Refusals of the API are JSON."""
    return JsonResponse({"error": "There is nothing at this address."}, status=404)


def urls() -> list[URLPattern | URLResolver]:
    pages: list[Any] = [
        path("schema/", SpectacularAPIView.as_view(), name="schema"),
        path("docs/", Docs.as_view(url_name="api:schema"), name="docs"),
    ]
    # With a slash at the end: without one, Django first looks for the same address with it.
    return [*router.urls, *pages, re_path(r"^(?P<rest>.*)/$", nothing_here, name="nothing_here")]
