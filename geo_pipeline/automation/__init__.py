"""Jobs, and what starts and watches them."""
