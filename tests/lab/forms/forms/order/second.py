from . import log

log.note("second")
SEEN = list(log.NOTES)
