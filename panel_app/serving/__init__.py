"""How pages reach their readers: server, headers, sign-in, sessions and the line to them."""
