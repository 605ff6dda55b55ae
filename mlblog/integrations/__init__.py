"""Hosts: one thin file each. Imported by the host alone."""
