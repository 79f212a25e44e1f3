"""What is shown while nothing can be read."""
