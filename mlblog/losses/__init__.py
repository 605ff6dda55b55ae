"""Losses: functions that return one value per example or per step; the caller reduces."""
