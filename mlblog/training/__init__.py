"""How models are trained, apart from what they are."""
