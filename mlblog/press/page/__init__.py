"""From a post and its outputs to a page. Pure: tested without IPython and without a host."""
