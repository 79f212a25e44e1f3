"""What the command line does that takes more than a call: runs, backfills, repair, health, status.

The words and options of the commands are in `cli`.
"""
