SELECT published_at FROM publication
