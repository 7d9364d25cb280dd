"""What fills a demo installation, in this order; each step belongs to the app it names. See `load_demo`."""

DEMO_STEPS = [
    "accounts.demo.load",
    "leads.demo.loading.load",
    "leads.demo.consents.load",
    "leads.demo.forms.load",
    "scoring.demo.load",
    "nurturing.demo.load",
    "handoff.demo.load",
    "handoff.demo_routing.load",
    "scoring.demo_prediction.load",
    "scoring.demo_backtest.load",
]
