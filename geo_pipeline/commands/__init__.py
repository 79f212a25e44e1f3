"""Commands that take more than a call: runs, backfills, repair, health, status.

Their options and help texts are in `cli`.
"""
