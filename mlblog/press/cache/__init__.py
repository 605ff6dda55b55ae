"""What stays valid from one build to the next: outputs by key, and whole pages."""
