"""What a definition would have done: who would have become MQL, when, and what became of them. Never looks ahead."""
