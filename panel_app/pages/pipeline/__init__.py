"""Data health: what is fresh, late, held back or broken."""
