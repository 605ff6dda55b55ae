from . import log

log.note("first")
SEEN = list(log.NOTES)
