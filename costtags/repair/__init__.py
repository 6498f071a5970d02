"""Repair of live tags: rules and an audit -> a plan to review -> writes, each in a journal -> undo."""
