"""Files that leave the system: exported maps, tables and bulletins, with formats and sentences."""
