"""Adapters for hosts, one thin file each, imported only by the host."""
