"""Handoffs as the API shows and takes them."""

from rest_framework import serializers

from handoff.models import Handoff, Holding, RejectReason, SlaClock


class ClockSerializer(serializers.ModelSerializer):
    """A promise in working time. A late answer is both breached and met."""

    class Meta:
        model = SlaClock
        fields = ("kind", "started_at", "minutes", "due_at", "met_at", "breached_at", "cancelled_at")


class HandoffSerializer(serializers.ModelSerializer):
    """The offer of one MQL to a rep, and its answer."""

    state = serializers.SerializerMethodField()
    reject_reason = serializers.CharField(
        source="reject_reason.label", default=None, allow_null=True, read_only=True
    )
    clocks = ClockSerializer(many=True, read_only=True)

    class Meta:
        model = Handoff
        fields = (
            *("id", "lead", "cycle", "rep", "state", "note", "routed_because", "offered_by", "offered_at"),
            *("accepted_at", "rejected_at", "withdrawn_at", "answered_by", "reject_reason", "answer_note"),
            *("first_touch_at", "clocks"),
        )

    def get_state(self, handoff: Handoff) -> str:
        """open, accepted, rejected or withdrawn"""
        answers = {
            "accepted": handoff.accepted_at,
            "rejected": handoff.rejected_at,
            "withdrawn": handoff.withdrawn_at,
        }
        return next((answer for answer, at in answers.items() if at), "open")


class HeldSerializer(serializers.ModelSerializer):
    """A lead that nobody can take now. It goes to the first rep who can, the oldest first."""

    state = serializers.SerializerMethodField()
    lead = serializers.IntegerField(source="cycle.lead_id", read_only=True)

    class Meta:
        model = Holding
        fields = ("state", "lead", "cycle", "held_at", "because", "next_at")

    def get_state(self, holding: Holding) -> str:
        """always held"""
        return "held"


class NewHandoffSerializer(serializers.Serializer):
    """Hands a lead that is an MQL over; without `rep` it goes to whose turn it is."""

    lead = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    rep = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class RejectionSerializer(serializers.Serializer):
    """`reason` is the digit of an active reason: see /api/reject-reasons/."""

    reason = serializers.IntegerField(min_value=1, max_value=9)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class RejectReasonSerializer(serializers.ModelSerializer):
    class Meta:
        model = RejectReason
        fields = ("digit", "label", "consequence", "needs_note")
