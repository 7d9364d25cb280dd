"""Segments: who is meant, in conditions on who a lead is, what it did, and where it stands.

`members` is who is in one, as kept; `matches` asks a definition now; `sentence` says it in words. Writing members is
for services.membership alone.
"""

from nurturing.segments.language import BadDefinition
from nurturing.segments.membership import matches, members, members_among
from nurturing.segments.vocabulary import OP_WORDS, registry
from nurturing.segments.wording import sentence

__all__ = ["OP_WORDS", "BadDefinition", "matches", "members", "members_among", "registry", "sentence"]
