"""How well each rule does, and which would do better: counted, judged, and put as a draft a person can edit."""
