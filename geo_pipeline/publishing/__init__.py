"""What leaves the system as files: exported maps, tables and bulletins, and the look they share."""
