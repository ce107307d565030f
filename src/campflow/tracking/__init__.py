"""Who fetched it: a person, or a machine that looks at mail before or instead of one. Pure: no database, no clock."""
