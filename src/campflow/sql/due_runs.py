"""Journeys that wait together.

Who comes to a stage in one statement, at one moment, waits there for one other. Such journeys are not found one by one
by when they are due: a row of `due_run` tells between which ids they lie and when to look. So a move of many writes no
index, and PostgreSQL writes it where the journey lies. All others have an alarm of their own, `journey.alarm_at`.

A run may hold journeys that have moved on since, and others that were never in it: whoever reads it looks at `due_at`.
"""

_COLUMNS = ("campaign_id", "stage_id", "due_at", "first_journey_id", "last_journey_id")
