// Every script is there.
app.start();
