"""What a mail that came back says: a delivery that failed, a complaint, an answering machine, or nothing of the kind.

No database, no clock, no network: bytes in, a reading out, whatever the bytes are.
"""

from nurturing.returned.incoming import Incoming, incoming
from nurturing.returned.reading import Reading, read
from nurturing.returned.verdicts import Finding

__all__ = ["Finding", "Incoming", "Reading", "incoming", "read"]
