"""What runs when, in seconds. Each sweep is idempotent and bounded; two beats would do no harm."""

SCHEDULE = {
    "score what was touched": {"task": "scoring.tasks.score_touched", "schedule": 5.0},
    "score what time changed": {"task": "scoring.tasks.score_due", "schedule": 15.0},
    "let answers take effect": {"task": "handoff.tasks.settle_answers", "schedule": 5.0},
    "breach and warn clocks": {"task": "handoff.tasks.sweep_clocks", "schedule": 15.0},
    "keep the holidays of the years to come": {
        "task": "handoff.tasks.extend_holidays",
        "schedule": 24 * 3600.0,
    },
    "offer held leads": {"task": "handoff.tasks.drain_holding", "schedule": 20.0},
    "ask reps for feedback": {"task": "handoff.tasks.ask_for_feedback", "schedule": 300.0},
    "tell what no bell told": {"task": "handoff.tasks.tell_missed", "schedule": 30.0},
    "send notifications": {"task": "handoff.tasks.send_notifications", "schedule": 20.0},
    "advance enrolments": {"task": "nurturing.tasks.advance_due", "schedule": 10.0},
    "send mails": {"task": "nurturing.tasks.send_due", "schedule": 10.0},
    "enrol new members": {"task": "nurturing.tasks.enrol_segments", "schedule": 30.0},
    "enter campaigns anew": {"task": "nurturing.tasks.take_in_re_entries", "schedule": 30.0},
    "stop who must not be mailed": {"task": "nurturing.tasks.sweep_stops", "schedule": 30.0},
    "finish imports": {"task": "leads.tasks.sweep_imports", "schedule": 20.0},
    "close cycles of the disqualified": {"task": "scoring.tasks.sweep_cycles", "schedule": 30.0},
    "work a sample of the scores out again": {"task": "scoring.tasks.check_shadow", "schedule": 3600.0},
    "add the lines of scores up": {"task": "scoring.tasks.check_lines", "schedule": 24 * 3600.0},
    "heed opt-outs nobody heeded": {"task": "leads.tasks.heed_missed_opt_outs", "schedule": 24 * 3600.0},
    "make room for next months": {"task": "leads.tasks.ensure_partitions", "schedule": 6 * 3600.0},
    "forget old message ids": {"task": "leads.tasks.purge_message_keys", "schedule": 3600.0},
    "forget old idempotency keys": {"task": "accounts.tasks.purge_idempotency_keys", "schedule": 3600.0},
}
