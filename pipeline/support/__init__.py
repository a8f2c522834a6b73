"""What every package stands on: errors for people, files written in one step, entry points."""
