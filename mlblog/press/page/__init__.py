"""Render a post and its outputs to a page. Pure: needs neither IPython nor a host."""
