"""State of the data: fresh, late, held back or broken."""
