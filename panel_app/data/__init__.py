"""What the app knows: the publication, what is selected of it, the words; nothing is drawn here."""
