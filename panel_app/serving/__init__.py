"""Serving of pages: server, headers, sign-in, sessions, and the channel to the browser."""
