"""Scores and their explanations as the API shows them."""

from datetime import datetime

from rest_framework import serializers

from scoring.facts import EPOCH
from scoring.models import Score
from scoring.models.prediction import DECIDED


class ScoreSerializer(serializers.ModelSerializer):
    """What a lead is worth now, under the published version."""

    version = serializers.SerializerMethodField(
        help_text="The number of the version that this score is true under."
    )
    probability = serializers.SerializerMethodField(
        help_text="How likely the lead is to be won, from 0 to 1. Advice only; null where there is none."
    )

    class Meta:
        model = Score
        fields = (
            *("lead", "total", "fit", "engagement", "band", "fit_low", "fit_high", "qualified", "version"),
            *("probability", "critical_rule", "disqualifying_rule", "as_of", "next_change_at"),
        )

    def get_version(self, score: Score) -> int:
        number: int = self.context["teller"](score.version).number
        return number

    def get_probability(self, score: Score) -> float | None:
        decided = score.lead.stage in DECIDED
        return None if decided else getattr(getattr(score.lead, "prediction", None), "probability", None)


class LineSerializer(serializers.Serializer):
    """One line: a rule, or a cap, floor or ceiling that took or gave points."""

    kind = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    group = serializers.CharField()
    points = serializers.IntegerField()
    reason = serializers.CharField()
    weight = serializers.CharField()


class ExplanationSerializer(serializers.Serializer):
    """Lines whose points sum to `total`, always."""

    as_of = serializers.DateTimeField()
    version = serializers.IntegerField(source="version.number")
    total = serializers.IntegerField(source="result.total")
    fit = serializers.IntegerField(source="result.fit")
    engagement = serializers.IntegerField(source="result.engagement")
    band = serializers.CharField(source="result.band")
    qualified = serializers.BooleanField()
    excluded_because = serializers.CharField()
    missing_points = serializers.IntegerField(help_text="From the total to the MQL line.")
    lines = LineSerializer(many=True)


class MomentSerializer(serializers.Serializer):
    as_of = serializers.DateTimeField(required=False)

    def validate_as_of(self, moment: datetime) -> datetime:
        if moment < EPOCH:
            raise serializers.ValidationError("Nothing is known of the time before 1970.")
        return moment
