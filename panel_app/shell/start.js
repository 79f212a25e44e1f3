// Loaded last, when all scripts are defined.
app.start();
