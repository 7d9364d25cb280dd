"""Pages of nurturing: marketing's own, the lead page's panel, and what a mail links to."""
