"""Pages of this floor: a lead's score with its reasons, and the definition everybody can read."""
