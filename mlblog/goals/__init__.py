"""Weekly goals: parse checklists, carry goals over, score confidences."""

from mlblog.goals.change import start, tick
from mlblog.goals.checklist import Bullet, Goal, Heading, Prose, Week, parse_week
from mlblog.goals.earned import Proof, Unearned, findings
from mlblog.goals.ledger import Carried, Ledger, Progress, progress, week_files

__all__ = [
    "Bullet",
    "Carried",
    "Goal",
    "Heading",
    "Ledger",
    "Progress",
    "Proof",
    "Prose",
    "Unearned",
    "Week",
    "findings",
    "parse_week",
    "progress",
    "start",
    "tick",
    "week_files",
]
