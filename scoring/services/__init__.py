"""Verbs of this floor: versions (draft, publish), scoring (one lead or all), cycles (open, close)."""
