"""Addresses of scores and the definition."""

from django.urls import URLPattern, path

from scoring.views import alerts, backtests, definition, explanation, health, holding, leads, prediction

app_name = "scoring"
urlpatterns: list[URLPattern] = [
    path("scoring/", definition.definition, name="definition"),
    path("scoring/reviews/", definition.review, name="review"),
    path("scoring/health/", health.health, name="health"),
    path("scoring/health/reports/", health.ask, name="health_reports"),
    path("scoring/health/suggestions/<int:pk>/draft/", health.draft, name="suggestion_draft"),
    path("scoring/alerts/", alerts.alerts, name="alerts"),
    path("scoring/held/", holding.held, name="held"),
    path("scoring/held/releases/", holding.release, name="release"),
    path("scoring/held/dismissals/", holding.dismiss, name="dismiss"),
    path("scoring/backtests/", backtests.backtest_list, name="backtests"),
    path("scoring/backtests/<int:pk>/", backtests.backtest, name="backtest"),
    path("scoring/backtests/<int:pk>/line/", backtests.line, name="backtest_line"),
    path("scoring/backtests/<int:pk>/draft-line/", backtests.draft_line, name="backtest_draft_line"),
    path("scoring/backtests/<int:pk>/progress/", backtests.progress, name="backtest_progress"),
    path("scoring/backtests/<int:pk>/cancellation/", backtests.cancellation, name="backtest_cancellation"),
    path("scoring/backtests/<int:pk>/enters/", backtests.enters, name="backtest_enters"),
    path("scoring/backtests/<int:pk>/leaves/", backtests.leaves, name="backtest_leaves"),
    path("scoring/prediction/", prediction.card, name="prediction"),
    path("scoring/prediction/trainings/", prediction.train, name="train"),
    path("scoring/prediction/exclusions/", prediction.leave_out, name="leave_out"),
    path("scoring/prediction/inclusions/", prediction.use_again, name="use_again"),
    path("leads/<int:lead_pk>/score/", leads.panel, name="panel"),
    path("leads/<int:lead_pk>/why/", leads.why, name="why"),
    path("leads/<int:lead_pk>/explanation/", explanation.explanation, name="explanation"),
    path("leads/<int:lead_pk>/explanation/<slug:key>/", explanation.line, name="line"),
]
