"""The whole nervous system on one page: which fact wakes which tasks.

Bells only make it prompt. For each row here a sweep in config/schedule.py makes it certain.
"""

REACTIONS: dict[str, list[str]] = {
    "leads.LeadsTouched": ["scoring.tasks.score_touched"],
    "leads.ImportConfirmed": ["leads.tasks.run_import"],
    "leads.LeadSuppressed": ["nurturing.tasks.stop_lead"],
    "leads.LeadDisqualified": ["scoring.tasks.close_cycle_of", "nurturing.tasks.stop_lead"],
    "leads.LeadsMerged": ["scoring.tasks.follow_merges", "handoff.tasks.follow_merges"],
    "scoring.BacktestQueued": ["scoring.tasks.run_backtest"],
    "scoring.ModelPublished": ["scoring.tasks.rescore_all"],
    "scoring.TrainingAsked": ["scoring.tasks.train_prediction"],
    "scoring.HealthAsked": ["scoring.tasks.examine_rules"],
    "scoring.LeadQualified": ["handoff.tasks.start_clock", "nurturing.tasks.check_goals"],
    "scoring.CycleMoved": ["handoff.tasks.follow_merges"],
    "scoring.CycleClosed": ["handoff.tasks.close_up"],
    "scoring.ScoresDiffer": ["handoff.tasks.tell_check"],
    "scoring.ReviewDue": ["handoff.tasks.tell_review"],
    "handoff.HandoffOffered": ["nurturing.tasks.stop_lead", "handoff.tasks.tell_handoff"],
    "handoff.HandoffAnswered": ["handoff.tasks.tell_handoff"],
    "handoff.HandoffWithdrawn": ["handoff.tasks.tell_handoff"],
    "handoff.HandoffAccepted": ["nurturing.tasks.stop_lead", "handoff.tasks.drain_holding"],
    "handoff.HandoffRejected": ["nurturing.tasks.recycle_lead", "handoff.tasks.drain_holding"],
    "handoff.HandoffRecycled": ["nurturing.tasks.recycle_lead", "handoff.tasks.tell_handoff"],
    "handoff.NotificationsDue": ["handoff.tasks.send_notifications"],
    "handoff.HandoffSilent": ["handoff.tasks.tell_handoff", "handoff.tasks.drain_holding"],
    "handoff.OpportunityOpened": ["nurturing.tasks.stop_lead"],
    "handoff.OpportunityWon": ["nurturing.tasks.stop_lead", "handoff.tasks.tell_deal"],
    "handoff.OpportunityLost": ["nurturing.tasks.recycle_lead"],
    "handoff.ClockWarned": ["handoff.tasks.tell_clock"],
    "handoff.ClockBreached": ["handoff.tasks.tell_clock"],
    "handoff.ClockEscalated": ["handoff.tasks.tell_clock"],
    "handoff.OpportunityReopened": ["nurturing.tasks.stop_lead", "handoff.tasks.tell_deal"],
    "handoff.CapacityChanged": ["handoff.tasks.drain_holding"],
    "nurturing.CampaignActivated": ["nurturing.tasks.enrol_segment"],
    "nurturing.MessagesQueued": ["nurturing.tasks.send_due"],
}
